using System.Net;
using System.Net.Sockets;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns;
using Etcdish.Network.Dns.Messages;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Dns;

/// <summary>A name server on an API server, asked as pods ask it.</summary>
public sealed class ClusterDnsTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private ControlBench _bench = null!;
    private StubNameServer _outside = null!;
    private ClusterDns _dns = null!;
    private DnsService _service = null!;
    private Task _running = null!;
    private IPEndPoint _address = null!;
    private string _serviceAddress = "";

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _bench = await ControlBench.StartAsync();
        _outside = new StubNameServer((query, _) =>
        [
            Messages.Reply(query, ResponseCode.NoError, [(Section.Answer, "www.example.com", RecordType.A, 60, [192, 0, 2, 1])]),
        ]);
        var api = await _bench.WaitAsync(Resources.Services, "default", all => all.Any(s => s.Metadata.Name == "kubernetes"));
        var network = IPAddress.Parse(api.Single(s => s.Metadata.Name == "kubernetes").Spec.ClusterIp).GetAddressBytes();
        network[3] = 10;
        _serviceAddress = new IPAddress(network).ToString();
        _dns = new ClusterDns(_bench.Context, new ClusterDnsOptions
        {
            Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
            Upstreams = [_outside.Address],
            ServiceAddress = IPAddress.Parse(_serviceAddress),
            NodeAddress = IPAddress.Parse("192.0.2.77"),
            NodeName = "n1",
        });
        _dns.Open();
        _address = _dns.Listening[0];
        await _bench.CreateAsync(Resources.Services, "default", "{'metadata':{'name':'web'},'spec':{'clusterIP':'None','ports':[{'name':'http','port':80}]}}");
        await _bench.CreateAsync(Resources.EndpointSlices, "default",
            "{'metadata':{'name':'web-1','labels':{'kubernetes.io/service-name':'web'}},'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1'],"
            + "'hostname':'a'},{'addresses':['10.0.0.2'],'conditions':{'ready':false}}],'ports':[{'name':'http','port':8080}]}");
        await _bench.CreateAsync(Resources.Nodes, "", "{'metadata':{'name':'n1'}}");
        _service = new DnsService(_bench.Context, IPAddress.Parse(_serviceAddress));
        _running = Task.WhenAll(_dns.RunAsync(_stop.Token), _service.RunAsync(_stop.Token));
        await _bench.WaitAsync(Resources.EndpointSlices, DnsService.Namespace, all => all.Count == 1);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _dns.Dispose();
        _service.Dispose();
        await _outside.DisposeAsync();
        await _bench.DisposeAsync();
        _stop.Dispose();
        Assert.That(_bench.Warnings, Has.None.Contains("a defect"));
    }

    [Test]
    public async Task A_name_by_datagram_and_by_connection()
    {
        var query = Messages.Query("web.default.svc.cluster.local", RecordType.A);
        const string Expected = "NoError aa | web.default.svc.cluster.local. 5 A 10.0.0.1";
        Assert.That(Messages.Text(await AskAsync(query)), Is.EqualTo(Expected));
        Assert.That((await AskOnConnectionAsync(query, query)).Select(reply => Messages.Text(reply)), Is.All.EqualTo(Expected));
    }

    [Test]
    public async Task A_name_outside_by_datagram_and_by_connection()
    {
        var query = Messages.Query("www.example.com", RecordType.A);
        Assert.That(Messages.Text(await AskAsync(query)), Does.StartWith("NoError | www.example.com. "));
        Assert.That(Messages.Text((await AskOnConnectionAsync(query))[0]), Does.StartWith("NoError | www.example.com. "));
    }

    [Test]
    public async Task Changes_are_answered()
    {
        await _bench.CreateAsync(Resources.Services, "default", "{'metadata':{'name':'come'},'spec':{'type':'ExternalName','externalName':'x.default.svc.cluster.local'}}");
        await UntilAsync("come.default.svc.cluster.local", RecordType.Cname, text => text.StartsWith("NoError aa | "));
        await _bench.Client.DeleteAsync(Resources.Services, "default", "come", null, CancellationToken.None);
        await UntilAsync("come.default.svc.cluster.local", RecordType.Cname, text => text.StartsWith("NameError aa | "));
    }

    [Test]
    public async Task Malformed_connections_end_and_the_server_goes_on()
    {
        Assert.That(await AskOnConnectionAsync([1, 2, 3]), Is.Empty);
        Assert.That(Messages.Text(await AskAsync(Messages.Query("web.default.svc.cluster.local", RecordType.A)[..20])), Is.EqualTo("FormatError"));
        await A_name_by_datagram_and_by_connection();
    }

    [Test]
    public async Task The_service_leads_to_the_node_and_is_mended()
    {
        var service = (await _bench.WaitAsync(Resources.Services, DnsService.Namespace, all => all is [{ } it] && it.Spec.ClusterIp == _serviceAddress))[0];
        Assert.That(service.Metadata.Labels["k8s-app"], Is.EqualTo("kube-dns"));
        Assert.That(service.Spec.Ports.Select(port => $"{port.Name} {port.Protocol} {port.Port}"), Is.EqualTo(["dns UDP 53", "dns-tcp TCP 53"]));
        await WaitForSliceAsync();
        await _bench.PatchAsync(Resources.EndpointSlices, DnsService.Namespace, "kube-dns-n1", "{'endpoints':[]}");
        await WaitForSliceAsync();
        await _bench.PatchAsync(Resources.Services, DnsService.Namespace, "kube-dns", "{'metadata':{'labels':null},'spec':{'selector':{'a':'b'}}}");
        await _bench.WaitAsync(Resources.Services, DnsService.Namespace,
            all => all is [{ Spec.Selector.Count: 0 } it] && it.Metadata.Labels.ContainsKey("k8s-app"));
        await _bench.Client.DeleteAsync(Resources.Services, DnsService.Namespace, "kube-dns", null, CancellationToken.None);
        var again = (await _bench.WaitAsync(Resources.Services, DnsService.Namespace,
            all => all is [{ } it] && it.Metadata.Uid != service.Metadata.Uid && it.Spec.ClusterIp == _serviceAddress))[0];
        await WaitForSliceAsync();
        await _bench.WaitAsync(Resources.EndpointSlices, DnsService.Namespace, all => all is [{ } it] && it.Metadata.IsControlledBy(again.Metadata.Uid));
    }

    [Test]
    public async Task A_service_of_that_name_with_another_address_makes_way()
    {
        await using var bench = await ControlBench.StartAsync();
        var taken = await bench.CreateAsync(Resources.Services, DnsService.Namespace,
            "{'metadata':{'name':'kube-dns'},'spec':{'selector':{'a':'b'},'ports':[{'port':53}]}}");
        using var service = bench.Add(new DnsService(bench.Context, IPAddress.Parse(_serviceAddress)));
        await bench.RunAsync();
        await bench.WaitAsync(Resources.Services, DnsService.Namespace,
            all => all is [{ } it] && it.Metadata.Uid != taken.Metadata.Uid && it.Spec.ClusterIp == _serviceAddress);
    }

    [Test]
    public async Task A_name_server_is_for_its_own_node_first_and_one_of_a_silent_node_for_nobody()
    {
        await using var bench = await ControlBench.StartAsync();
        using var service = bench.Add(new DnsService(bench.Context, IPAddress.Parse(_serviceAddress)));
        await bench.RunAsync();
        await CreateNodeAsync("a", "192.0.2.1:53");
        await CreateNodeAsync("b", "[fd00::1]:5353");
        await CreateNodeAsync("c", "nonsense");
        await WaitAsync("IPv4 192.0.2.1 for a ready", "IPv6 fd00::1 for b ready");

        await bench.PatchAsync(Resources.Nodes, "", "a", "{'status':{'conditions':[{'type':'Ready','status':'Unknown'}]}}", "status");
        await WaitAsync("IPv4 192.0.2.1 for a", "IPv6 fd00::1 for b ready");
        await bench.PatchAsync(Resources.Nodes, "", "a", "{'status':{'conditions':[{'type':'Ready','status':'False'}]}}", "status");
        await bench.PatchAsync(Resources.Nodes, "", "b", "{'metadata':{'annotations':{'etcdish.io/cluster-dns':'192.0.2.2:53'}}}");
        await WaitAsync("IPv4 192.0.2.1 for a ready", "IPv4 192.0.2.2 for b ready");
        await bench.Client.DeleteAsync(Resources.Nodes, "", "a", null, CancellationToken.None);
        await WaitAsync("IPv4 192.0.2.2 for b ready");

        Task CreateNodeAsync(string name, string at) =>
            bench.CreateAsync(Resources.Nodes, "", $"{{'metadata':{{'name':'{name}','annotations':{{'etcdish.io/cluster-dns':'{at}'}}}}}}");
        Task WaitAsync(params string[] slices) => bench.WaitAsync(
            Resources.EndpointSlices, DnsService.Namespace, all => all.Select(TextOf).Order(StringComparer.Ordinal).SequenceEqual(slices));
    }

    [TestCase("web.default.svc.cluster.local", "A", "10.0.0.1")]
    [TestCase("_http._tcp.web.default.svc.cluster.local", "SRV", "0 100 8080 a.web.default.svc.cluster.local.")]
    [TestCase("dns-version.cluster.local", "TXT", "\"1.1.0\"")]
    [TestCase("www.example.com", "A", "192.0.2.1")]
    [TestCase("cluster.local", "NS", "ns.dns.cluster.local.")]
    public void Dig_is_content(string name, string type, string expected)
    {
        var dig = Tools.Require("dig", "apt-get install bind9-dnsutils");
        foreach (var transport in new[] { "+notcp", "+tcp" })
        {
            using var process = ChildProcess.Start(
                dig, ["@127.0.0.1", "-p", $"{_address.Port}", transport, "+tries=1", "+time=10", "+short", name, type]);
            Assert.That(process.WaitForExit(_patience), Is.Zero);
            Assert.That(process.StandardOutput.Text.Trim(), Is.EqualTo(expected));
            Assert.That(process.StandardError.Text, Is.Empty);
        }
    }

    private static string TextOf(EndpointSlice slice)
    {
        var endpoint = slice.Endpoints.Single();
        var isReady = endpoint.Conditions.Ready == true ? " ready" : "";
        return $"{slice.AddressType} {endpoint.Addresses.Single()} for {endpoint.Hints?.ForNodes.Single().Name}{isReady}";
    }

    private Task<IReadOnlyList<EndpointSlice>> WaitForSliceAsync() => _bench.WaitAsync(
        Resources.EndpointSlices,
        DnsService.Namespace,
        all => all is [{ Endpoints: [{ Addresses: ["192.0.2.77"], NodeName: "n1" }], Ports: [{ Name: "dns" } first, { Name: "dns-tcp" }] }]
            && first.Port == _address.Port);

    private async Task UntilAsync(string name, RecordType type, Func<string, bool> isIt)
    {
        using var patience = new CancellationTokenSource(_patience);
        while (!isIt(Messages.Text(await AskAsync(Messages.Query(name, type)))))
        {
            patience.Token.ThrowIfCancellationRequested();
        }
    }

    private async Task<byte[]> AskAsync(byte[] query)
    {
        using var patience = new CancellationTokenSource(_patience);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(_address, patience.Token);
        await socket.SendAsync(query, SocketFlags.None, patience.Token);
        var reply = new byte[4096];
        return reply[..await socket.ReceiveAsync(reply, SocketFlags.None, patience.Token)];
    }

    private async Task<List<byte[]>> AskOnConnectionAsync(params byte[][] queries)
    {
        using var patience = new CancellationTokenSource(_patience);
        using var client = new TcpClient();
        await client.ConnectAsync(_address, patience.Token);
        await using var stream = client.GetStream();
        foreach (var query in queries)
        {
            await stream.WriteAsync(new[] { (byte)(query.Length >> 8), (byte)query.Length }.Concat(query).ToArray(), patience.Token);
        }

        List<byte[]> replies = [];
        var prefix = new byte[2];
        while (replies.Count < queries.Length && await stream.ReadAtLeastAsync(prefix, 2, throwOnEndOfStream: false, patience.Token) == 2)
        {
            var reply = new byte[(prefix[0] << 8) | prefix[1]];
            await stream.ReadExactlyAsync(reply, patience.Token);
            replies.Add(reply);
        }

        return replies;
    }
}
