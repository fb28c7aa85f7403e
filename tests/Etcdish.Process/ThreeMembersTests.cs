using System.Globalization;
using System.Text.RegularExpressions;
using Etcdish.Rpc;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>Three processes that form one cluster, seen through the unmodified etcdctl, and beside it three of genuine etcd.</summary>
public sealed partial class ThreeMembersTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Test]
    public void What_one_member_takes_all_members_serve()
    {
        using var cluster = ThreeMembers.OfEtcdish();
        cluster.Start();
        for (int member = 0; member < 3; member++)
        {
            string key = $"of-{member}";
            Assert.That(cluster.Ctl(member).Run($"put {key} value-{member}").StandardOutput, Is.EqualTo("OK\n"));
            for (int reader = 0; reader < 3; reader++)
            {
                string read = cluster.Ctl(reader).Run($"get {key}").StandardOutput;
                Assert.That(read, Is.EqualTo($"{key}\nvalue-{member}\n"), $"read at member {reader}");
            }
        }

        Assert.That(cluster.Leaders(), Has.Length.EqualTo(1));
        int follower = cluster.Followers()[0];
        WatchOnFollower(cluster, follower);
        LeaseOnFollower(cluster, follower);
        Assert.That(cluster.All.Run("endpoint health --cluster").ExitCode, Is.Zero);
        string[] hashes = [.. Lines(cluster.All.Run("endpoint hashkv --cluster")).Select(line => line.Split(", ")[1])];
        Assert.That(hashes, Has.Length.EqualTo(3).And.All.EqualTo(hashes[0]));
    }

    [Test]
    public void Ids_and_outputs_are_those_of_genuine_etcd_with_the_same_flags()
    {
        string[] ours;
        string[] theirs;
        string members;
        int[] ports;
        using (var cluster = ThreeMembers.OfEtcdish())
        {
            cluster.Start();
            ports = cluster.Ports;
            members = Sorted(cluster.All.Run("member list").StandardOutput);
            ours = Outputs(cluster);
        }

        using (var cluster = ThreeMembers.OfGenuine())
        {
            cluster.UseUrlsOf(ports);
            cluster.Start();
            Assert.That(members, Is.EqualTo(Sorted(cluster.All.Run("member list").StandardOutput)));
            theirs = Outputs(cluster);
        }

        Assert.That(ours, Is.EqualTo(theirs));
    }

    [Test]
    public void Leadership_moves_on_request_and_on_an_orderly_end()
    {
        using var cluster = ThreeMembers.OfEtcdish();
        cluster.Start();
        int first = cluster.Leaders().Single();
        int target = cluster.Followers()[0];
        string targetId = cluster.Id(target);

        CommandResult refused = cluster.Ctl(target).Run($"move-leader {targetId}");
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.StandardError, Does.Contain("no leader endpoint given"));
        CommandResult moved = cluster.All.Run($"move-leader {targetId}");
        Assert.That(moved.ExitCode, Is.Zero, moved.StandardError);
        Assert.That(moved.StandardOutput, Is.EqualTo($"Leadership transferred from {cluster.Id(first)} to {targetId}\n"));
        Assert.That(cluster.Leaders(), Is.EqualTo(new[] { target }));
        CommandResult unknown = cluster.All.Run("move-leader 1234");
        Assert.That(unknown.StandardError, Does.Contain("etcdserver: bad leader transferee"));

        Assert.That(cluster[target].Terminate(), Is.Zero, cluster[target].Process.Describe());
        Assert.That(cluster[target].Process.StandardError.Text, Does.Contain("leadership transfer finished"));
        Assert.That(cluster.Ctl(first).Run("put after transfer").ExitCode, Is.Zero);
    }

    [Test]
    public void A_killed_leader_is_replaced_and_catches_up_when_it_returns()
    {
        using var cluster = ThreeMembers.OfEtcdish();
        cluster.Start();
        int acknowledged = 0;
        for (int round = 0; round < 2; round++)
        {
            int leader = cluster.Leaders().Single();
            for (int i = 0; i < 10; i++)
                Assert.That(cluster.Ctl(leader).Run($"put k{acknowledged} v{acknowledged++}").ExitCode, Is.Zero);
            cluster[leader].Kill();

            int survivor = (leader + 1) % 3;
            PutAfterLoss(cluster.Ctl(survivor));
            for (int i = 0; i < acknowledged; i++)
                Assert.That(cluster.Ctl(survivor).Run($"get k{i} --print-value-only").StandardOutput, Is.EqualTo($"v{i}\n"));

            cluster[leader].Start();
            Assert.That(cluster.Ctl(leader).Run("get while-two").StandardOutput, Is.EqualTo("while-two\nlead\n"));
            string[] keys = Lines(cluster.Ctl(leader).Run("get k --prefix --keys-only"));
            Assert.That(keys, Has.Length.EqualTo(acknowledged), "the member that returned has caught up");
        }
    }

    [Test]
    public async Task Without_a_quorum_a_member_says_so_and_ends_watches_that_demand_a_leader()
    {
        using var cluster = ThreeMembers.OfEtcdish();
        cluster.Start();
        int leader = cluster.Leaders().Single();
        using var channel = new RpcChannel(new Uri(cluster[leader].ClientUrl));
        var demand = new CallOptions { Metadata = new Metadata { { "hasleader", "true" } }, Timeout = _patience };
        using DuplexCall<Protos.WatchRequest, Protos.WatchResponse> watch = channel.Duplex<Protos.WatchRequest, Protos.WatchResponse>(
            "/etcdserverpb.Watch/Watch", Protos.WatchResponse.Parser, demand);
        await watch.WriteAsync(new Protos.WatchRequest { CreateRequest = new Protos.WatchCreateRequest() });
        Assert.That((await watch.ReadAsync())!.Created, Is.True);
        foreach (int follower in cluster.Followers())
            cluster[follower].Kill();

        RpcException? lost = await Assert.ThrowsAsync<RpcException>(async () => await watch.ReadAsync());
        Assert.That(lost!.Message, Does.Contain("etcdserver: no leader"));

        CapturedText log = cluster[leader].Process.StandardError;
        Assert.That(log.Wait(text => text.Contains("lost leader", StringComparison.Ordinal), _patience), Is.True);
        using var http = new HttpClient { BaseAddress = new Uri(cluster[leader].ClientUrl) };
        Assert.That(await http.GetStringAsync(new Uri("/metrics", UriKind.Relative)), Does.Contain("etcd_server_has_leader 0\n"));
        using HttpResponseMessage health = await http.GetAsync(new Uri("/health", UriKind.Relative));
        Assert.That((int)health.StatusCode, Is.EqualTo(503));
        Assert.That(await health.Content.ReadAsStringAsync(), Does.Contain("RAFT NO LEADER"));
    }

    // What was on its way to the leader when it died has an unknown outcome, and says so; the next attempt waits for the new leader.
    private static void PutAfterLoss(EtcdCtl survivor)
    {
        CommandResult put = survivor.Run("put while-two lead");
        for (int attempt = 1; put.ExitCode != 0 && attempt < 5; attempt++)
        {
            Assert.That(put.StandardError, Does.Contain("etcdserver: request timed out, possibly due to previous leader failure"));
            put = survivor.Run("put while-two lead");
        }

        Assert.That(put.ExitCode, Is.Zero, put.StandardError);
    }

    private static void WatchOnFollower(ThreeMembers cluster, int follower)
    {
        using ChildProcess watch = cluster.Ctl(follower).Start(["watch", "seen", "--prefix", "--rev=2"]);
        Assert.That(cluster.Ctl((follower + 1) % 3).Run("put seen-1 by-others").ExitCode, Is.Zero);
        Assert.That(
            watch.StandardOutput.Wait(text => text.Contains("PUT\nseen-1\nby-others\n", StringComparison.Ordinal), _patience), Is.True);
    }

    private static void LeaseOnFollower(ThreeMembers cluster, int follower)
    {
        EtcdCtl ctl = cluster.Ctl(follower);
        string lease = Hexadecimal().Match(ctl.Run("lease grant 600").StandardOutput).Value;
        Assert.That(ctl.Run($"put --lease={lease} leased x").ExitCode, Is.Zero);
        Assert.That(ctl.Run($"lease keep-alive --once {lease}").StandardOutput, Does.Contain("TTL(600)"));
        Assert.That(
            ctl.Run($"lease timetolive {lease} --keys").StandardOutput,
            Does.Match("granted with TTL\\(600s\\), remaining\\((5[0-9]{2}|600)s\\), attached keys\\(\\[leased\\]\\)"));
        Assert.That(cluster.Ctl((follower + 1) % 3).Run($"lease revoke {lease}").ExitCode, Is.Zero);
        Assert.That(ctl.Run("get leased").StandardOutput, Is.Empty);
    }

    // What neither depends on who leads nor on sizes and versions.
    private static string[] Outputs(ThreeMembers cluster) =>
    [
        cluster.Ctl(1).Run("put a b").StandardOutput,
        cluster.Ctl(2).Run("get a").StandardOutput,
        Sorted(Regex.Replace(Text(cluster.All.Run("endpoint health --cluster")), "took = .*", "")),
        Sorted(Regex.Replace(cluster.All.Run("endpoint status --cluster").StandardOutput, ", [0-9.]+, [0-9.]+ [kM]?B, .*", "")),
        LastLine(cluster.All.Run("move-leader 1234").StandardError),
        LastLine(cluster.Ctl(0).Run("member remove 1234").StandardError),
    ];

    private static string[] Lines(CommandResult result) => result.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string Text(CommandResult result) => result.StandardError + result.StandardOutput;

    // Before it stand etcdctl's own log lines.
    private static string LastLine(string text) => text.TrimEnd('\n').Split('\n')[^1];

    private static string Sorted(string lines) => string.Join('\n', lines.Split('\n').Order(StringComparer.Ordinal));

    [GeneratedRegex("[0-9a-f]{16}")]
    private static partial Regex Hexadecimal();

    /// <summary>Three servers with each other's peer URLs.</summary>
    private sealed class ThreeMembers : IDisposable
    {
        private readonly ServerProcess[] _members;

        private ThreeMembers(Func<ServerProcess> make)
        {
            _members = [make(), make(), make()];
            UseUrlsOf([]);
        }

        public ServerProcess this[int member] => _members[member];

        /// <summary>Client and peer ports of each.</summary>
        public int[] Ports { get; private set; } = [];

        /// <summary>An etcdctl that knows all endpoints.</summary>
        public EtcdCtl All => new(string.Join(',', Enumerable.Range(0, 3).Select(ClientUrl)));

        public static ThreeMembers OfEtcdish() => new(() => new EtcdishServer());

        public static ThreeMembers OfGenuine() => new(() => new GenuineEtcd());

        /// <summary>Takes another cluster's ports, or with none those that are free.</summary>
        public void UseUrlsOf(int[] ports)
        {
            Ports = ports.Length > 0 ? ports : [.. _members.SelectMany(member => (int[])[member.ClientPort, member.PeerPort])];
            string all = string.Join(',', Enumerable.Range(0, 3).Select(member => $"m{member}={PeerUrl(member)}"));
            for (int i = 0; i < 3; i++)
            {
                _members[i].ExtraArguments =
                [
                    "--name", $"m{i}", "--initial-cluster", all, "--initial-cluster-token", "three",
                    "--listen-peer-urls", PeerUrl(i), "--initial-advertise-peer-urls", PeerUrl(i),
                    "--listen-client-urls", ClientUrl(i), "--advertise-client-urls", ClientUrl(i),
                ];
            }
        }

        public void Start()
        {
            // None is ready before another is.
            foreach (ServerProcess member in _members)
                member.Launch();
            foreach (ServerProcess member in _members)
            {
                CapturedText log = member.Process.StandardError;
                if (!log.Wait(text => text.Contains("ready to serve client requests", StringComparison.Ordinal), _patience))
                    throw new InvalidOperationException(string.Join('\n', _members.Select(each => each.Process.Describe())));
            }
        }

        public EtcdCtl Ctl(int member) => new(ClientUrl(member));

        public int[] Leaders() => [.. Enumerable.Range(0, 3).Where(IsLeader)];

        public int[] Followers() => [.. Enumerable.Range(0, 3).Where(member => !IsLeader(member))];

        public string Id(int member) => Status(member)[1];

        public void Dispose()
        {
            foreach (ServerProcess member in _members)
                member.Dispose();
        }

        private bool IsLeader(int member) => Status(member)[4] == "true";

        private string[] Status(int member) => Ctl(member).Run("endpoint status").StandardOutput.Split(", ");

        private string ClientUrl(int member) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports[2 * member]}");

        private string PeerUrl(int member) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports[(2 * member) + 1]}");
    }
}
