using System.Net;
using System.Net.Sockets;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Ingress;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Network.Tests.Ingress;

public sealed class IngressControllerTests
{
    [Test]
    public async Task AnIngressOfTheDefaultClassIsServedAndSaysWhere()
    {
        await using var backend = await TestBackend.StartAsync(context => context.Response.WriteAsync("from " + context.Request.Host));
        await using var bench = await ControlBench.StartAsync();
        using var stop = new CancellationTokenSource();
        await using var ingress = new IngressController(bench.Context, Options(0));
        var running = ingress.RunAsync(stop.Token);
        await ingress.Ready;
        await bench.WaitAsync(
            Resources.IngressClasses,
            "",
            all => all is [{ IsDefault: true, Spec.Controller: "etcdish.io/ingress", Metadata.Name: "etcdish" }]);

        // A loopback address is none that endpoints may have; a name may mean one.
        await bench.CreateAsync(
            Resources.Services, "default", "{'metadata':{'name':'web'},'spec':{'type':'ExternalName','externalName':'localhost'}}");
        await bench.CreateAsync(
            Resources.Ingresses,
            "default",
            "{'metadata':{'name':'web'},'spec':{'rules':[{'host':'web.example','http':{'paths':[{'path':'/','pathType':'Prefix',"
            + $"'backend':{{'service':{{'name':'web','port':{{'number':{backend.Port}}}}}}}}}]}}}}]}}}}");
        await bench.WaitAsync(
            Resources.Ingresses,
            "default",
            all => all is [{ Status.LoadBalancer.Ingress: [{ Ip: "192.0.2.7" }], Spec.IngressClassName: "etcdish" }]);
        await UntilServedAsync(ingress, "web.example", "from web.example");

        await bench.PatchAsync(Resources.Ingresses, "default", "web", "{'spec':{'rules':[{'host':'other.example'}]}}");
        await UntilServedAsync(ingress, "web.example", "404: no rule leads from here\n");
        await stop.CancelAsync();
        await running;
    }

    [Test]
    public async Task WhatCannotBeServedIsAnEvent()
    {
        await using var bench = await ControlBench.StartAsync();
        using var stop = new CancellationTokenSource();
        await using var ingress = new IngressController(bench.Context, Options(0));
        var running = ingress.RunAsync(stop.Token);
        await bench.WaitAsync(Resources.IngressClasses, "", all => all.Count == 1);
        await bench.CreateAsync(
            Resources.Ingresses,
            "default",
            "{'metadata':{'name':'web'},'spec':{'tls':[{'hosts':['a.example'],'secretName':'none'}],"
            + "'defaultBackend':{'service':{'name':'missing','port':{'number':80}}}}}");
        string text;
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        do
        {
            text = System.Text.Encoding.UTF8.GetString(await bench.Client.SendAsync(
                HttpMethod.Get, Resources.Events.Path("default"), null, null, patience.Token));
        }
        while (!text.Contains("MissingService", StringComparison.Ordinal) || !text.Contains("MissingSecret", StringComparison.Ordinal));
        Assert.That(text, Does.Contain("there is no service missing"));
        await stop.CancelAsync();
        await running;
    }

    [Test]
    public async Task APortThatIsTakenGivesWayToAnother()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var bench = await ControlBench.StartAsync();
        using var stop = new CancellationTokenSource();
        await using var ingress = new IngressController(bench.Context, Options(port));
        var running = ingress.RunAsync(stop.Token);
        await ingress.Ready;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ingress.HttpEndPoint.Port, Is.Not.EqualTo(port).And.GreaterThan(0));
            Assert.That(bench.Warnings, Has.Some.StartsWith($"ingress: port {port} cannot be had"));
        }

        await UntilServedAsync(ingress, "a.example", "404: no rule leads from here\n");
        await stop.CancelAsync();
        await running;
    }

    private static IngressOptions Options(int httpPort) => new()
    {
        HttpPort = httpPort,
        HttpsPort = 0,
        BindAddress = IPAddress.Loopback,
        NodeAddresses = [IPAddress.Parse("192.0.2.7")],
    };

    private static async Task UntilServedAsync(IngressController ingress, string host, string expected)
    {
        using var client = new HttpClient();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string text;
        do
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{ingress.HttpEndPoint}/");
            request.Headers.Host = host;
            using var response = await client.SendAsync(request, patience.Token);
            text = await response.Content.ReadAsStringAsync(patience.Token);
        }
        while (text != expected);
    }
}
