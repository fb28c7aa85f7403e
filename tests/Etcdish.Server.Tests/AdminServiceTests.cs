using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Etcdish.Server.Services;

namespace Etcdish.Server.Tests;

/// <summary>Status, members, ports, start and end.</summary>
public sealed class AdminServiceTests
{
    [Test]
    public async Task Status_tells_version_leader_and_sizes()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await server.Client.Kv.PutAsync("k", new string('v', 10_000));
        StatusResponse status = await server.Client.Maintenance.StatusAsync(server.Url);

        Assert.Multiple(() =>
        {
            Assert.That(status.Version, Is.EqualTo(ServerVersion.Api));
            Assert.That(status.Leader, Is.EqualTo(server.Server.Node.MemberId));
            Assert.That(status.RaftAppliedIndex, Is.EqualTo(server.Server.Node.AppliedIndex));
            Assert.That(status.DbSizeInUse, Is.GreaterThan(10_000));
            Assert.That(status.DbSize, Is.GreaterThanOrEqualTo(status.DbSizeInUse));
            Assert.That(status.DbSizeQuota, Is.EqualTo(ServerOptions.DefaultQuotaBytes));
            Assert.That(status.DowngradeInfo, Is.Not.Null);
            Assert.That(status.Errors, Is.Empty);
        });
    }

    [Test]
    public async Task The_member_and_the_cluster_have_the_ids_that_etcd_would_give_them()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        MemberListResponse list = await server.Client.Cluster.ListAsync();

        Assert.Multiple(() =>
        {
            Assert.That(list.Members.Single().ID, Is.EqualTo(0x8e9e05c52164694d));
            Assert.That(list.Header.ClusterId, Is.EqualTo(0xcdf818194e3a8c32));
            Assert.That(list.Header.Revision, Is.Zero);
            Assert.That(list.Members[0].Name, Is.EqualTo("default"));
        });
    }

    [Test]
    public async Task A_start_and_a_stop_leave_the_lines_that_scripts_wait_for()
    {
        RunningServer server = await RunningServer.StartAsync();
        string log = await server.StopAsync();
        Directory.Delete(server.DataDirectory, recursive: true);

        string[] expected =
        [
            "starting an etcd server", "enabled capabilities for version", "published local member to cluster through raft",
            "ready to serve client requests", "serving client traffic insecurely; this is strongly discouraged!", "closed etcd server",
        ];
        int[] places = [.. expected.Select(line => log.IndexOf($"\"msg\":\"{line}\"", StringComparison.Ordinal))];
        Assert.That(places, Is.Ordered.And.None.EqualTo(-1));
    }

    [Test]
    public async Task A_port_that_is_taken_is_named()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.That(
            async () => await RunningServer.StartAsync(options => options with { ListenClientUrls = [EtcdUrl.Parse(server.Url)] }),
            Throws.InstanceOf<IOException>().With.Message.Contains(new Uri(server.Url).Authority));
    }

    [Test]
    public async Task A_data_directory_in_use_is_refused()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.That(
            async () => await RunningServer.StartAsync(dataDirectory: server.DataDirectory),
            Throws.TypeOf<Log.LogLockedException>().With.Message.Contains(server.DataDirectory));
    }

    [Test]
    public async Task Past_the_quota_writes_are_refused_and_the_alarm_is_told()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options with { QuotaBytes = 100_000 });
        RpcException? refusal = null;
        for (int i = 0; i < 200 && refusal is null; i++)
        {
            try
            {
                await server.Client.Kv.PutAsync($"k{i}", new string('v', 10_000));
            }
            catch (RpcException e)
            {
                refusal = e;
            }
        }

        Assert.That(refusal, Has.Property("Code").EqualTo(StatusCode.ResourceExhausted)
            .And.Message.EqualTo("etcdserver: mvcc: database space exceeded"));
        AlarmResponse alarms = await server.Client.Maintenance.ListAlarmsAsync();
        (int status, string body) = await server.GetAsync("/health");
        Assert.Multiple(() =>
        {
            Assert.That(alarms.Alarms.Single().Alarm, Is.EqualTo(AlarmType.Nospace));
            Assert.That((status, body), Is.EqualTo((503, "{\"health\":\"false\",\"reason\":\"ALARM NOSPACE\"}\n")));
        });
        Assert.That((await server.GetAsync("/health?exclude=NOSPACE")).Status, Is.EqualTo(200));
        Assert.That(async () => await server.Client.Kv.DeleteAsync(Client.KeyRange.Prefix("k")), Throws.Nothing);
    }

    [Test]
    public async Task Revision_compaction_keeps_as_many_revisions_as_asked()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        for (int i = 0; i < 10; i++)
        {
            await server.Client.Kv.PutAsync("k", $"{i}");
        }

        var options = new ServerOptions { AutoCompactionMode = AutoCompactionMode.Revision, AutoCompactionRevisions = 4 };
        var compactor = new AutoCompactor(server.Server.Node, options, server.Server.Log, TimeProvider.System);
        await compactor.LookAsync(CancellationToken.None);

        Assert.That(server.Server.Node.Store.CompactedRevision, Is.EqualTo(7));
    }

    [Test]
    public async Task Periodic_compaction_goes_to_what_was_current_a_period_ago()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        var clock = new HandClock();
        var options = new ServerOptions { AutoCompactionPeriod = TimeSpan.FromHours(1) };
        var compactor = new AutoCompactor(server.Server.Node, options, server.Server.Log, clock);
        await server.Client.Kv.PutAsync("k", "1");
        await compactor.LookAsync(CancellationToken.None);
        await server.Client.Kv.PutAsync("k", "2");
        clock.Advance(TimeSpan.FromMinutes(59));
        await compactor.LookAsync(CancellationToken.None);
        Assert.That(server.Server.Node.Store.CompactedRevision, Is.LessThan(2));

        clock.Advance(TimeSpan.FromMinutes(1));
        await compactor.LookAsync(CancellationToken.None);
        Assert.That(server.Server.Node.Store.CompactedRevision, Is.EqualTo(2));
    }

    private sealed class HandClock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _now += by.Ticks;

        public override long GetTimestamp() => _now;
    }
}
