using System.Diagnostics;
using System.Globalization;
using Etcdish.Checkers;
using Etcdish.Process.Recording;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>
/// One of three members runs out of disk. The others go on without it: one that leads hands over first. It serves what it has, and with
/// space again it catches up.
/// </summary>
public class MemberWithFullDiskTests
{
    private const int DiskMegabytes = 1_000;
    private const int ValueBytes = 1_000_000;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task The_group_goes_on_and_the_member_catches_up([Values] bool leads)
    {
        using var disks = new Disks();
        using var cluster = new ServerCluster(disks.CreateMember);
        cluster.UseArguments("--heartbeat-interval", "50", "--election-timeout", "500");
        await cluster.StartAsync();
        ServerProcess full = leads ? await cluster.LeaderAsync() : await cluster.FollowerAsync();
        ServerProcess[] others = [.. cluster.Members.Where(member => member != full)];
        using var connection = new Connection(others[0].ClientUrl, TimeSpan.FromSeconds(10));
        await connection.SendAsync(new PutCall("first", "1"));
        disks.Of(full).Fill();

        List<string> acknowledged = await PutPastTheEndAsync(connection);
        Assert.That(full.Process.HasExited, Is.False, full.Process.Describe());
        Assert.That(await DiskFullBatchesAsync(full), Is.Positive, "its disk was too small for all that was acknowledged");
        Assert.That(others, Does.Contain(await cluster.LeaderAsync(others)), "it cannot take writes, so it does not lead");
        using var atFull = new Connection(full.ClientUrl, TimeSpan.FromSeconds(10));
        var stale = (RangeReply)await atFull.SendAsync(new RangeCall(new KeyRange("first")) { Serializable = true });
        Assert.That(stale.Kvs.Single().Value, Is.EqualTo("1"), "what it has it serves");

        disks.Of(full).Free();
        await cluster.WaitUntilHealthyAsync();
        await MustHoldAsync(full, acknowledged);
        full.Restart();
        await MustHoldAsync(full, acknowledged);
    }

    // More than twice what the log of the full one can still hold in the two segments that it has.
    private static async Task<List<string>> PutPastTheEndAsync(Connection connection)
    {
        const int Count = 300;
        string value = new('v', ValueBytes);
        var clock = Stopwatch.StartNew();
        List<string> acknowledged = [];
        int refused = 0;
        while (acknowledged.Count < Count)
        {
            string key = $"k{acknowledged.Count:000}";
            try
            {
                await connection.SendAsync(new PutCall(key, value));
                acknowledged.Add(key);
                clock.Restart();
            }
            catch (RpcException) when (clock.Elapsed < _patience)
            {
                // Refused for space, or lost with the leader that gave way; each try is a round trip to a server that decides anew.
                refused++;
            }
        }

        TestContext.Out.WriteLine($"{acknowledged.Count} puts of {ValueBytes} bytes acknowledged, {refused} not");
        return acknowledged;
    }

    private static async Task<long> DiskFullBatchesAsync(ServerProcess member)
    {
        const string Metric = "etcdish_disk_full_batches_total ";
        using var http = new HttpClient { BaseAddress = new Uri(member.ClientUrl) };
        using HttpResponseMessage answer = await http.GetAsync(new Uri("/metrics", UriKind.Relative));
        string metrics = await answer.Content.ReadAsStringAsync();
        Assert.That(answer.IsSuccessStatusCode, Is.True, () => $"{answer}\n{metrics}\n{member.Process.Describe()}");
        string line = metrics.Split('\n').Single(line => line.StartsWith(Metric, StringComparison.Ordinal));
        return long.Parse(line[Metric.Length..], CultureInfo.InvariantCulture);
    }

    private static async Task MustHoldAsync(ServerProcess member, List<string> keys)
    {
        using var connection = new Connection(member.ClientUrl, TimeSpan.FromSeconds(30));
        var reply = (RangeReply)await connection.SendAsync(new RangeCall(KeyRange.Prefix("k")) { KeysOnly = true });
        Assert.That(reply.Kvs.Select(kv => kv.Key), Is.SupersetOf(keys));
    }

    /// <summary>A small disk for each member.</summary>
    private sealed class Disks : IDisposable
    {
        private readonly Dictionary<ServerProcess, SmallDisk> _disks = [];

        public EtcdishServer CreateMember()
        {
            var disk = SmallDisk.Mount(DiskMegabytes);
            var member = new EtcdishServer(disk.File("data"));
            _disks.Add(member, disk);
            return member;
        }

        public SmallDisk Of(ServerProcess member) => _disks[member];

        public void Dispose()
        {
            foreach (SmallDisk disk in _disks.Values)
                disk.Dispose();
        }
    }
}
