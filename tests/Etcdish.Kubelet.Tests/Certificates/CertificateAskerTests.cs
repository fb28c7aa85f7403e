using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.ApiServer.Security;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Accounts;
using Etcdish.Kubelet.Certificates;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Certificates;

/// <summary>Requests for certificates at a genuine API server, with the controllers that approve and sign them.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class CertificateAskerTests
{
    private readonly TemporaryFolder _folder = new();
    private ClusterCertificates _certificates = null!;
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _certificates = ClusterCertificates.Open(_folder.File("pki"));
        _bench = await ControlBench.StartAsync();
        _bench.Add(new CertificateApprover(_bench.Context));
        _bench.Add(new ServingCertificateApprover(_bench.Context));
        _bench.Add(new CertificateSigner(_bench.Context, _certificates.Authority, TimeSpan.FromDays(365)));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _bench.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task A_node_asks_for_its_server_and_is_answered_the_same_twice()
    {
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n'}}");
        await _bench.PatchAsync(
            Resources.Nodes, "", "n", "{'status':{'addresses':[{'type':'InternalIP','address':'192.0.2.1'}]}}", "status");
        using var client = _bench.ConnectAs("system:node:n", "system:nodes");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wish = new CertificateWish("n", key, CertificateWish.ServingSigner, "server auth", ["n", "192.0.2.1"]);
        var asker = new CertificateAsker(client, TimeProvider.System, TestContext.Out.WriteLine);
        var first = await asker.AskAsync(wish, CancellationToken.None);
        var second = await asker.AskAsync(wish, CancellationToken.None);

        using var made = X509Certificate2.CreateFromPem(first);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_certificates.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        Assert.That(chain.Build(made), Is.True);
        Assert.That(made.MatchesHostname("192.0.2.1"), Is.True);
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public async Task A_refusal_ends_the_wait()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var wish = new CertificateWish("unknown", key, CertificateWish.ServingSigner, "server auth", ["unknown"]);
        using var client = _bench.ConnectAs("system:node:unknown", "system:nodes");
        var asking = new CertificateAsker(client, TimeProvider.System, TestContext.Out.WriteLine).AskAsync(wish, CancellationToken.None);
        await _bench.WaitAsync(Resources.CertificateSigningRequests, "", all => all.Any(request => request.Metadata.Name == wish.Name));
        await _bench.PatchAsync(
            Resources.CertificateSigningRequests,
            "",
            wish.Name,
            "{'status':{'conditions':[{'type':'Denied','status':'True','message':'who is that'}]}}",
            "approval");
        Assert.That(
            async () => await asking,
            Throws.TypeOf<CertificateRefusedException>()
                .With.Message.EqualTo($"the certificate request {wish.Name} was denied: who is that"));
    }

    [Test]
    public async Task A_kubeconfig_of_the_node_is_made_by_an_administrator_and_kept()
    {
        var admin = _folder.File("admin.kubeconfig");
        await File.WriteAllTextAsync(admin, $$"""
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: c} }]
            clusters: [{name: c, cluster: {server: "{{_bench.Url}}"} }]
            """);
        var path = _folder.File("node.kubeconfig");
        await EnsureAsync();
        var access = Kubernetes.Client.KubeconfigFile.Read(path);
        var first = await File.ReadAllTextAsync(path);
        await EnsureAsync();

        Assert.That(access.Certificate!.Subject, Is.EqualTo("O=system:nodes, CN=system:node:made"));
        Assert.That(access.Server, Is.EqualTo(new Uri(_bench.Url)));
        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo(first));
        Assert.That(File.GetUnixFileMode(path), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));

        // A kubelet that runs on until four fifths of the certificate's life are over.
        var clock = new ManualClock();
        clock.Advance(new DateTimeOffset(access.Certificate.NotBefore) - clock.GetUtcNow());
        using var node = await NodeAccess.OpenAsync(path, admin, "made", clock, TestContext.Out.WriteLine, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var renewing = node.RunAsync(stop.Token);
        Assert.That(await File.ReadAllTextAsync(path), Is.EqualTo(first));
        using var changed = new SemaphoreSlim(0);
        using var watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!, Path.GetFileName(path));
        watcher.Renamed += (_, _) => changed.Release();
        watcher.EnableRaisingEvents = true;
        clock.Advance((access.Certificate.NotAfter - access.Certificate.NotBefore) * 0.81);
        Assert.That(await changed.WaitAsync(TimeSpan.FromSeconds(20)));
        var renewed = Kubernetes.Client.KubeconfigFile.Read(path);
        Assert.That(renewed.Certificate!.Subject, Is.EqualTo(access.Certificate.Subject));
        Assert.That(renewed.Certificate.Thumbprint, Is.Not.EqualTo(access.Certificate.Thumbprint));
        await stop.CancelAsync();
        Assert.That(async () => await renewing, Throws.InstanceOf<OperationCanceledException>());

        Task EnsureAsync() => NodeKubeconfig.EnsureAsync(
            path, admin, "made", TimeProvider.System, TestContext.Out.WriteLine, CancellationToken.None);
    }
}
