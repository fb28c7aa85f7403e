using System.Net;
using System.Net.Sockets;
using Etcdish.Log;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Embedded;

/// <summary>What <see cref="EtcdCluster.StartAsync"/> refuses, and how it says so.</summary>
public class EtcdClusterStartTests
{
    private readonly Dictionary<string, string> _members = new()
    {
        ["ann"] = $"http://127.0.0.1:{FreePorts.Take()}",
        ["bob"] = $"http://127.0.0.1:{FreePorts.Take()}",
        ["cid"] = $"http://127.0.0.1:{FreePorts.Take()}",
    };

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void A_group_that_does_not_name_the_member_is_refused() => AssertRefused(
        Options("dan"), "the members of the group do not name this one, \"dan\": ann, bob, cid");

    [Test]
    public void Two_members_at_one_URL_are_refused() => AssertRefused(
        Options("a") with { Members = new Dictionary<string, string> { ["a"] = "http://10.0.0.1:1", ["b"] = "http://10.0.0.1:1/" } },
        "the members \"a\" and \"b\" of the group have the same URL http://10.0.0.1:1");

    [Test]
    public void A_URL_without_a_port_is_refused() => AssertRefused(
        Options("a") with { Members = new Dictionary<string, string> { ["a"] = "http://10.0.0.1" } },
        "a peer URL names a host and a port: http://10.0.0.1");

    [Test]
    public void Https_without_a_certificate_is_refused() => AssertRefused(
        Options("a") with { Members = new Dictionary<string, string> { ["a"] = "https://127.0.0.1:1" } },
        "to listen for peers on https://127.0.0.1:1 takes a certificate: PeerTls has none");

    [Test]
    public void A_host_name_to_listen_on_is_refused() => AssertRefused(
        Options("a") with { Members = new Dictionary<string, string> { ["a"] = "http://db1:2380" } },
        "to listen, a peer URL names an address or localhost: http://db1:2380");

    [Test]
    public void An_election_timeout_below_two_heartbeats_is_refused() => Assert.That(
        () => EtcdCluster.StartAsync(Options("ann") with { ElectionTimeout = TimeSpan.FromMilliseconds(150) }),
        Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("ElectionTimeout"));

    [Test]
    public void A_taken_port_is_named_and_the_folder_let_go()
    {
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(IPEndPoint.Parse(new Uri(_members["ann"]).Authority));
        other.Listen();
        for (int i = 0; i < 2; i++)
        {
            Assert.That(
                () => EtcdCluster.StartAsync(Options("ann")),
                Throws.InstanceOf<IOException>().With.Message.StartsWith($"cannot listen for peers on {_members["ann"]}: "));
        }
    }

    [Test, CancelAfter(25_000)]
    public async Task Two_members_on_one_folder_are_refused(CancellationToken cancellation)
    {
        await using EtcdCluster ann = await EtcdCluster.StartAsync(Options("ann"), cancellation);
        Assert.That(() => EtcdCluster.StartAsync(Options("bob"), cancellation), Throws.InstanceOf<LogLockedException>());
    }

    [Test, CancelAfter(25_000)]
    public async Task A_member_without_the_others_waits_and_can_be_closed_at_once(CancellationToken cancellation)
    {
        EtcdCluster ann = await EtcdCluster.StartAsync(Options("ann"), cancellation);
        using CancellationTokenSource impatience = new();
        Task<ulong> leader = ann.WaitForLeaderAsync(impatience.Token);
        Assert.That(leader.IsCompleted, Is.False);
        await impatience.CancelAsync();
        Assert.That(async () => await leader, Throws.InstanceOf<OperationCanceledException>());

        Task<ulong> until = ann.WaitForLeaderAsync(cancellation);
        Task<KeyValue?> read = ann.Store.GetAsync("a", cancellation: cancellation).AsTask();
        await ann.Store.DisposeAsync();
        Assert.That(until.IsCompleted, Is.False, "the store alone closes nothing");
        await ann.DisposeAsync();
        Assert.That(async () => await until, Throws.InstanceOf<EtcdException>());
        Assert.That(async () => await read, Throws.InstanceOf<EtcdException>());
        await ann.DisposeAsync();
    }

    [Test, CancelAfter(25_000)]
    public async Task A_group_of_one_serves_at_once(CancellationToken cancellation)
    {
        EtcdClusterOptions options = Options("ann") with
        {
            Members = new Dictionary<string, string> { ["ann"] = _members["ann"] },
        };
        await using EtcdCluster ann = await EtcdCluster.StartAsync(options, cancellation);
        await ann.Store.PutAsync("a", "1", cancellation: cancellation);
        Assert.That(ann.IsLeader);
        Assert.That(await ann.WaitForLeaderAsync(cancellation), Is.EqualTo(ann.MemberId));
    }

    private static void AssertRefused(EtcdClusterOptions options, string message)
    {
        Assert.That(() => EtcdCluster.StartAsync(options), Throws.InstanceOf<ArgumentException>().With.Message.EqualTo(message));
        Assert.That(Directory.GetFileSystemEntries(options.DataDirectory), Is.Empty);
    }

    private EtcdClusterOptions Options(string name) =>
        new() { Name = name, DataDirectory = _folder.Path, Members = _members };
}
