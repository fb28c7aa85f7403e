using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using Etcdish.Kubelet.Certificates;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Certificates;

/// <summary>The certificate of a kubelet's server over its life: asked for, kept, renewed.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ServingCertificateKeeperTests
{
    private static readonly TimeSpan _life = TimeSpan.FromDays(10);
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new();
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];
    private readonly Channel<string> _asked = Channel.CreateUnbounded<string>();
    private X509Certificate2 _authority = null!;
    private Func<Exception?> _fault = static () => null;

    [SetUp]
    public void Prepare() => _authority = MakeAuthority(_clock);

    [TearDown]
    public void Clean()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task One_is_asked_for_when_the_node_is_there_and_renewed_in_time()
    {
        var keeper = Make();
        var registered = new TaskCompletionSource();
        using var stop = new CancellationTokenSource();
        var running = keeper.RunAsync(registered.Task, stop.Token);
        var first = keeper.Current;
        Assert.That(first.Subject, Is.EqualTo(first.Issuer), "nobody has signed it yet");
        Assert.That(_asked.Reader.TryRead(out _), Is.False, "it asked before the node was there");

        registered.SetResult();
        await NextAsync();
        await UntilAsync(() => keeper.Current != first);
        var second = keeper.Current;
        Assert.That(second.Issuer, Is.EqualTo(_authority.Subject));
        Assert.That(second.MatchesHostname("node-1") && second.MatchesHostname("192.0.2.1"), Is.True);

        await PassAsync(_life * 0.79);
        Assert.That(_asked.Reader.TryRead(out _), Is.False, "it asked again before the time");
        await UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            return keeper.Current != second;
        });
        Assert.That(_asked.Reader.Count, Is.EqualTo(1));
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_warnings, Is.Empty);
    }

    [Test]
    public async Task It_is_kept_over_a_restart_as_long_as_it_is_for_the_node()
    {
        var first = await GetAsync(Make());
        Assert.That(Make().Current.Thumbprint, Is.EqualTo(first.Thumbprint));
        Assert.That(Make("192.0.2.9").Current.Thumbprint, Is.Not.EqualTo(first.Thumbprint), "the node has another address");
        Assert.That(
            File.GetUnixFileMode(_folder.File("pki/kubelet-server.pem")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));

        _clock.Advance(_life);
        Assert.That(Make().Current.Thumbprint, Is.Not.EqualTo(first.Thumbprint), "it has run out");
    }

    [Test]
    public async Task A_request_that_waits_is_the_same_after_a_restart_and_another_one_after_a_refusal()
    {
        _fault = static () => new HttpRequestException("no API");
        var first = await AskOnceAsync();
        var second = await AskOnceAsync();
        _fault = static () => new CertificateRefusedException("it was denied");
        var third = await AskOnceAsync();
        var fourth = await AskOnceAsync();

        Assert.That((second, third), Is.EqualTo((first, first)));
        Assert.That(fourth, Is.Not.EqualTo(first));
        Assert.That(_warnings, Is.EqualTo(new[]
        {
            "the server's certificate: no API", "the server's certificate: no API",
            "the server's certificate: it was denied", "the server's certificate: it was denied",
        }));
    }

    [Test]
    public async Task What_is_broken_on_disk_is_replaced()
    {
        PrivateFile.Write(_folder.File("pki/kubelet-server.pem"), "nonsense");
        PrivateFile.Write(_folder.File("pki/kubelet-server-next.key"), "nonsense");
        var keeper = Make();
        using var stop = new CancellationTokenSource();
        var running = keeper.RunAsync(Task.CompletedTask, stop.Token);
        await UntilAsync(() => _warnings.Count == 2);
        await UntilAsync(() =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            return keeper.Current.Issuer == _authority.Subject;
        });
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
    }

    private static X509Certificate2 MakeAuthority(ManualClock clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test-ca", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        return request.CreateSelfSigned(clock.GetUtcNow().AddDays(-1), clock.GetUtcNow().AddDays(3650));
    }

    private ServingCertificateKeeper Make(string address = "192.0.2.1") => new(
        SignAsync, "node-1", [IPAddress.Parse(address)], _folder.File("pki"), _clock, line =>
        {
            lock (_warnings)
            {
                _warnings.Add(line);
            }
        });

    private Task<string> SignAsync(CertificateWish wish, CancellationToken cancellation)
    {
        _asked.Writer.TryWrite(wish.Name);
        if (_fault() is { } fault)
        {
            return Task.FromException<string>(fault);
        }

        var pem = System.Text.Encoding.ASCII.GetString(Convert.FromBase64String((string)wish.ToObject()["spec"]!["request"]!));
        var request = CertificateRequest.LoadSigningRequestPem(
            pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        using var made = request.Create(_authority, _clock.GetUtcNow(), _clock.GetUtcNow() + _life, RandomNumberGenerator.GetBytes(8));
        return Task.FromResult(made.ExportCertificatePem() + "\n");
    }

    private async Task<X509Certificate2> GetAsync(ServingCertificateKeeper keeper)
    {
        using var stop = new CancellationTokenSource();
        var running = keeper.RunAsync(Task.CompletedTask, stop.Token);
        await UntilAsync(() => keeper.Current.Issuer == _authority.Subject);
        await stop.CancelAsync();
        await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        return keeper.Current;
    }

    /// <summary>One try of a kubelet that ends then; the name of the request.</summary>
    private async Task<string> AskOnceAsync()
    {
        var count = _warnings.Count;
        using var stop = new CancellationTokenSource();
        var running = Make().RunAsync(Task.CompletedTask, stop.Token);
        var name = await NextAsync();
        await UntilAsync(() => _warnings.Count > count);
        await stop.CancelAsync();
        await running.ContinueWith(static _ => { }, TaskScheduler.Default);
        return name;
    }

    private async Task<string> NextAsync() => await _asked.Reader.ReadAsync().AsTask().WaitAsync(_limit);

    /// <summary>Lets time pass in steps, as a clock does.</summary>
    private async Task PassAsync(TimeSpan time)
    {
        var step = TimeSpan.FromHours(6);
        for (var rest = time; rest > TimeSpan.Zero; rest -= step)
        {
            _clock.Advance(rest < step ? rest : step);
            await Task.Yield();
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(_limit);
        while (!condition())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
