using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>Three processes that show each other certificates and demand them, as etcd's --peer-* flags say.</summary>
public sealed class PeerTlsTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly TestAuthority _authority = new("peers");
    private readonly TestAuthority _other = new("others");
    private ServerCluster _cluster = null!;

    [SetUp]
    public void Prepare()
    {
        string trusted = _authority.SaveTo(_folder.File("peers.crt"));
        int made = 0;
        _cluster = new ServerCluster(() => new EtcdishServer
        {
            PeerScheme = "https",
            ExtraArguments = Flags(_authority, $"member{++made}", trusted),
        });
    }

    [TearDown]
    public void Remove() => _cluster.Dispose();

    [OneTimeTearDown]
    public void Forget()
    {
        _authority.Dispose();
        _other.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task Members_that_trust_each_other_replicate_and_survive_their_leader()
    {
        await _cluster.StartAsync();
        AssertServes(_cluster.Members[0].ClientUrl, "first");
        ServerProcess leader = await _cluster.LeaderAsync();
        leader.Kill();
        ServerProcess next = await _cluster.LeaderAsync();
        AssertServes(next.ClientUrl, "second");
        leader.Start();
        await _cluster.WaitUntilHealthyAsync();
        Assert.That(CtlOf(leader).Run("get second").StandardOutput, Is.EqualTo("second\nvalue\n"));
    }

    [Test]
    public async Task A_member_with_a_certificate_of_another_authority_is_kept_out_until_it_has_the_right_one()
    {
        ServerProcess stranger = _cluster.Members[2];
        IReadOnlyList<string> right = stranger.ExtraArguments;
        stranger.ExtraArguments = Flags(_other, "stranger", _folder.File("peers.crt"));
        stranger.Launch();
        foreach (ServerProcess member in _cluster.Members.Take(2))
        {
            member.Launch();
        }

        foreach (ServerProcess member in _cluster.Members.Take(2))
        {
            member.WaitUntilReady();
        }

        AssertServes(_cluster.Members[0].ClientUrl, "without");
        bool told = _cluster.Members[0].Process.StandardError.Wait(
            text => text.Contains("certificate", StringComparison.OrdinalIgnoreCase), _patience);
        Assert.That(told, _cluster.Describe());
        bool serves = stranger.Process.StandardError.Wait(
            text => text.Contains("ready to serve", StringComparison.Ordinal), TimeSpan.Zero);
        Assert.That(serves, Is.False);

        stranger.Kill();
        stranger.ExtraArguments = right;
        stranger.Start();
        await _cluster.WaitUntilHealthyAsync();
        Assert.That(CtlOf(stranger).Run("get without").StandardOutput, Is.EqualTo("without\nvalue\n"));
    }

    private static EtcdCtl CtlOf(ServerProcess member) => new(member.ClientUrl);

    private static void AssertServes(string endpoint, string key)
    {
        EtcdCtl ctl = new(endpoint);
        Assert.That(ctl.Run($"put {key} value").StandardOutput, Is.EqualTo("OK\n"));
        Assert.That(ctl.Run($"get {key}").StandardOutput, Is.EqualTo($"{key}\nvalue\n"));
    }

    private string[] Flags(TestAuthority authority, string name, string trusted)
    {
        (string certFile, string keyFile) = authority.SignToFiles(_folder, name, ["127.0.0.1"]);
        return
        [
            "--peer-cert-file", certFile, "--peer-key-file", keyFile, "--peer-trusted-ca-file", trusted, "--peer-client-cert-auth",
        ];
    }
}
