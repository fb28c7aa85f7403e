using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Tests.Containers;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etcdish.Kubelet.Tests.Probes;

/// <summary>Probes by requests and connections, against real servers on loopback.</summary>
public sealed class HttpProbeTests
{
    private readonly ManualClock _clock = new();
    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication _server = null!;
    private ProbeRunner _runner = null!;
    private int _plain;
    private int _secure;

    [OneTimeSetUp]
    public async Task StartServer()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new CertificateRequest("CN=nobody", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate));
        });
        _server = builder.Build();
        _server.Run(AnswerAsync);
        await _server.StartAsync();
        var addresses = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToList();
        (_plain, _secure) = (new Uri(addresses[0]).Port, new Uri(addresses[1]).Port);
        _runner = new ProbeRunner(new FakeRuntime(_clock), _clock);
    }

    [OneTimeTearDown]
    public async Task StopServer()
    {
        _runner.Dispose();
        await _server.DisposeAsync();
    }

    [TestCase("/status/200", nameof(ProbeVerdict.Success), "body")]
    [TestCase("status/200", nameof(ProbeVerdict.Success), "body")]
    [TestCase("/status/204", nameof(ProbeVerdict.Success), "")]
    [TestCase("/query?a=b", nameof(ProbeVerdict.Success), "?a=b")]
    [TestCase("/status/300", nameof(ProbeVerdict.Warning), "Probe terminated redirects, Response body: body")]
    [TestCase("/status/304", nameof(ProbeVerdict.Warning), "Probe terminated redirects, Response body: ")]
    [TestCase("/status/400", nameof(ProbeVerdict.Failure), "HTTP probe failed with statuscode: 400")]
    [TestCase("/status/500", nameof(ProbeVerdict.Failure), "HTTP probe failed with statuscode: 500")]
    [TestCase("/redirect?/status/200", nameof(ProbeVerdict.Success), "body")]
    [TestCase("/redirect?/status/503", nameof(ProbeVerdict.Failure), "HTTP probe failed with statuscode: 503")]
    [TestCase("/redirect?http://192.0.2.1/x", nameof(ProbeVerdict.Warning), "Probe terminated redirects, Response body: gone there")]
    public async Task Statuses_from_200_to_399_are_well(string path, string verdict, string output)
    {
        var outcome = await GetAsync($"{{'path':'{path}','port':{_plain}}}");
        Assert.That((outcome.Verdict.ToString(), outcome.Output), Is.EqualTo((verdict, output)));
    }

    [Test]
    public async Task Redirects_in_a_circle_end()
    {
        var outcome = await GetAsync($"{{'path':'/redirect?/redirect','port':{_plain}}}");
        Assert.That(outcome.Output, Does.EndWith("stopped after 10 redirects"));
    }

    [Test]
    public async Task Any_certificate_will_do()
    {
        var outcome = await GetAsync($"{{'path':'/status/200','port':{_secure},'scheme':'HTTPS'}}");
        Assert.That(outcome, Is.EqualTo(ProbeOutcome.Success("body")));
    }

    [TestCase("", "User-Agent=kube-probe/1.35 Accept=*/* X-A= Host=127.0.0.1:PORT Connection=close")]
    [TestCase(
        "{'name':'User-Agent','value':'me'},{'name':'accept','value':'text/plain'},{'name':'X-A','value':'1'},{'name':'X-A','value':'2'}",
        "User-Agent=me Accept=text/plain X-A=1,2 Host=127.0.0.1:PORT Connection=close")]
    [TestCase("{'name':'User-Agent','value':''},{'name':'Host','value':'shop.example'}", "User-Agent= Accept=*/* X-A= Host=shop.example Connection=close")]
    public async Task Headers_are_as_the_pod_says(string headers, string expected)
    {
        var outcome = await GetAsync($"{{'path':'/headers','port':{_plain},'httpHeaders':[{headers}]}}");
        Assert.That(outcome.Output, Is.EqualTo(expected.Replace("PORT", $"{_plain}")));
    }

    [TestCase("'http'", nameof(ProbeVerdict.Success), "body")]
    [TestCase("'nope'", nameof(ProbeVerdict.Unknown), "strconv.Atoi: parsing \"nope\": invalid syntax")]
    [TestCase("'70000'", nameof(ProbeVerdict.Unknown), "invalid port number: 70000")]
    [TestCase("0", nameof(ProbeVerdict.Unknown), "invalid port number: 0")]
    public async Task Ports_may_have_names(string port, string verdict, string output)
    {
        var outcome = await GetAsync($"{{'path':'/status/200','port':{port}}}", $",'ports':[{{'name':'http','containerPort':{_plain}}}]");
        Assert.That((outcome.Verdict.ToString(), outcome.Output), Is.EqualTo((verdict, output)));
    }

    [Test]
    public async Task Endless_bodies_are_read_to_ten_KiB() =>
        Assert.That((await GetAsync($"{{'path':'/endless','port':{_plain}}}")).Output, Has.Length.EqualTo(10_240));

    [Test]
    public async Task A_server_that_does_not_answer_has_failed_when_the_time_is_over()
    {
        var probing = GetAsync($"{{'path':'/never','port':{_plain}}}");
        await _arrived.Task;
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await probing, Is.EqualTo(ProbeOutcome.Failure(
            $"Get \"http://127.0.0.1:{_plain}/never\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)")));
    }

    [Test]
    public async Task Where_nobody_listens_the_connection_is_refused()
    {
        var port = FreePorts.Take();
        Assert.That(
            (await GetAsync($"{{'path':'/x','port':{port}}}")).Output,
            Is.EqualTo($"Get \"http://127.0.0.1:{port}/x\": dial tcp 127.0.0.1:{port}: connect: connection refused"));
        Assert.That(
            await RunAsync($"'readinessProbe':{{'tcpSocket':{{'port':{port}}}}}"),
            Is.EqualTo(ProbeOutcome.Failure($"dial tcp 127.0.0.1:{port}: connect: connection refused")));
    }

    [Test]
    public async Task A_connection_is_enough_for_a_socket() => Assert.That(
        await RunAsync($"'readinessProbe':{{'tcpSocket':{{'port':{_plain},'host':'127.0.0.1'}}}}", "192.0.2.1"), Is.EqualTo(ProbeOutcome.Success()));

    [Test]
    public async Task A_probe_of_no_kind_is_told() => Assert.That(
        await RunAsync("'readinessProbe':{}"), Is.EqualTo(ProbeOutcome.Unknown("missing probe handler for web_ns(u1):c")));

    [Test]
    public async Task A_hook_wants_no_more_than_an_answer()
    {
        using var hooks = new Hooks(new FakeRuntime(_clock), _clock);
        var pod = Given.PodOf($"'lifecycle':{{'postStart':{{'httpGet':{{'path':'/status/500','port':{_plain}}}}}}}");
        var container = pod.Spec.Containers[0];
        await hooks.RunAsync(pod, container, "id", "127.0.0.1", container.Lifecycle!.PostStart!, CancellationToken.None);
    }

    private Task<ProbeOutcome> GetAsync(string get, string fields = "") => RunAsync($"'readinessProbe':{{'httpGet':{get}}}{fields}");

    private async Task<ProbeOutcome> RunAsync(string fields, string address = "127.0.0.1")
    {
        var pod = Given.PodOf(fields);
        using var target = new ProbedContainer(pod, pod.Spec.Containers[0], wasReady: false)
        {
            ContainerId = "id",
            Address = address,
            StartedAt = _clock.GetUtcNow(),
        };
        return await _runner.RunAsync(target, target.Readiness!.Manifest, CancellationToken.None);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var (path, response) = (http.Request.Path.Value!, http.Response);
        switch (path)
        {
            case "/query":
                await response.WriteAsync(http.Request.QueryString.Value!);
                return;
            case "/redirect":
                response.StatusCode = 302;
                response.Headers.Location = http.Request.QueryString.Value is ['?', .. var to] && to != "/redirect" ? to : "/redirect?/redirect";
                await response.WriteAsync("gone there");
                return;
            case "/headers":
                string[] names = ["User-Agent", "Accept", "X-A", "Host", "Connection"];
                await response.WriteAsync(string.Join(' ', names.Select(name => $"{name}={http.Request.Headers[name]}")));
                return;
            case "/endless":
                while (!http.RequestAborted.IsCancellationRequested)
                {
                    await response.Body.WriteAsync(new byte[4096], http.RequestAborted);
                }

                return;
            case "/never":
                _arrived.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                return;
        }

        response.StatusCode = int.Parse(path["/status/".Length..], System.Globalization.CultureInfo.InvariantCulture);
        if (response.StatusCode is not (204 or 304))
        {
            await response.WriteAsync("body");
        }
    }
}
