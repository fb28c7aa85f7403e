using System.Net.Security;
using Etcdish.Client;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Testing;
using Google.Protobuf;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>gRPC through the ingress: clients of etcd speak TLS to a rule's host, behind which is <c>etcdish server</c> without TLS.</summary>
public sealed class EtcdThroughIngressTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly TestCertificate _certificate = TestCertificate.Make("localhost");
    private TemporaryFolder _folder = null!;
    private EtcdishServer _server = null!;
    private IngressBench _bench = null!;
    private EtcdClient _client = null!;

    private string Endpoint => $"https://localhost:{_bench.Listener.HttpsEndPoint.Port}";

    private static CancellationToken Limit => new CancellationTokenSource(_patience).Token;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        _server = new EtcdishServer();
        _server.Start();
        _bench = new IngressBench();
        _bench.AddService("etcd", "grpc", _server.ClientPort);
        _bench.SetSecret("cert", _certificate);
        _bench.AddIngress(
            IngressBench.Rule("localhost", "/", "Prefix", "etcd"), "'tls':[{'hosts':['localhost'],'secretName':'cert'}],");
        await _bench.StartAsync();
        _client = new EtcdClient(new EtcdClientOptions
        {
            Endpoints = [Endpoint],
#pragma warning disable CA5359 // The certificate is looked at by the genuine client below.
            Tls = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        });
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _client.DisposeAsync();
        await _bench.DisposeAsync();
        _server.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task CallsAndTheirErrorsPass()
    {
        var put = await _client.Kv.PutAsync("calls", "value", Limit);
        var got = await _client.Kv.GetAsync("calls", Limit);
        Assert.That((got!.Value.ToStringUtf8(), got.ModRevision), Is.EqualTo(("value", put.Header.Revision)));

        // An error has no body: its status is all there is.
        var future = put.Header.Revision + 1000;
        var failure = await Assert.ThrowsAsync<RpcException>(() => _client.Kv.CompactAsync(future, physical: false, Limit));
        Assert.That(failure!.Code, Is.EqualTo(StatusCode.OutOfRange));
        Assert.That(failure.Message, Does.Contain("required revision is a future revision"));
    }

    [Test]
    public async Task ALargeValuePassesBothWays()
    {
        var value = ByteString.CopyFrom([.. Enumerable.Range(0, 1_000_000).Select(i => (byte)(i * 7))]);
        await _client.Kv.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8("large"), Value = value }, Limit);
        Assert.That((await _client.Kv.GetAsync("large", Limit))!.Value, Is.EqualTo(value));
    }

    [Test]
    public async Task AWatchTellsOfEachChangeAsItComesAndEndsWhenItIsLeft()
    {
        await using (var watch = _client.Watch.Watch(KeyRange.Prefix("watched/")).GetAsyncEnumerator(Limit))
        {
            Assert.That(await watch.MoveNextAsync());
            for (var i = 0; i < 3; i++)
            {
                await _client.Kv.PutAsync($"watched/{i}", "", Limit);
                Assert.That(await watch.MoveNextAsync());
                Assert.That(watch.Current.Events.Single().Kv.Key.ToStringUtf8(), Is.EqualTo($"watched/{i}"));
            }
        }
    }

    [Test]
    public async Task ALeaseIsKeptByAStreamAndLostWhenItIsRevoked()
    {
        var granted = await _client.Lease.GrantAsync(30, Limit);
        Assert.That((await _client.Lease.KeepAliveOnceAsync(granted.ID, Limit)).TTL, Is.EqualTo(30));
        using var kept = _client.Lease.KeepAlive(await _client.Lease.GrantAsync(3, Limit));
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = kept.Lost.Register(lost.SetResult);
        await _client.Lease.RevokeAsync(kept.Id, Limit);
        await lost.Task.WaitAsync(_patience);
    }

    [Test]
    public void TheGenuineClientPasses()
    {
        var authority = _folder.File("authority.pem");
        File.WriteAllBytes(authority, _certificate.CertificatePem);
        var control = new EtcdCtl(Endpoint);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Run("put", "genuine", "one").Trim(), Is.EqualTo("OK"));
            Assert.That(Run("get", "genuine", "--print-value-only").Trim(), Is.EqualTo("one"));
            Assert.That(Run("endpoint", "health"), Does.Contain("is healthy"));
            Assert.That(Run("lease", "grant", "60"), Does.Contain("granted with TTL(60s)"));
        }

        using var watch = control.Start(["--cacert", authority, "watch", "genuine", "--rev", "1"]);
        Assert.That(watch.StandardOutput.Wait(text => text.Contains("one", StringComparison.Ordinal), _patience), watch.Describe());
        Run("put", "genuine", "two");
        Assert.That(watch.StandardOutput.Wait(text => text.Contains("two", StringComparison.Ordinal), _patience), watch.Describe());

        string Run(params string[] arguments)
        {
            var result = control.Run(["--cacert", authority, .. arguments]);
            return result.StandardOutput + result.StandardError;
        }
    }
}
