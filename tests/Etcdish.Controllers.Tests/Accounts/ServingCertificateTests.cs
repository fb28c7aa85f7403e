using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Accounts;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Accounts;

/// <summary>Which certificates of kubelets' servers are approved without a person.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class ServingCertificateTests
{
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new ServingCertificateApprover(_bench.Context));
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task A_node_gets_one_for_what_it_has()
    {
        await AddNodeAsync("own", "192.0.2.1");
        await RequestAsync("own", "own", Asked("own", "own", "192.0.2.1"));
        Assert.That((await ApprovedAsync("own")).Message, Does.EndWith("are those of node own."));
    }

    [Test]
    public async Task Who_may_approve_by_hand_need_not()
    {
        await AddNodeAsync("helped", "192.0.2.2");
        await RequestAsync("helped", null, Asked("helped", "helped", "192.0.2.2"));
        Assert.That((await ApprovedAsync("helped")).Reason, Is.EqualTo("AutoApproved"));
    }

    [Test]
    public async Task An_address_may_be_told_after_the_request()
    {
        await AddNodeAsync("late", "192.0.2.3");
        await RequestAsync("late", "late", Asked("late", "late", "192.0.2.4"));
        await _bench.PatchAsync(
            Resources.Nodes, "", "late", "{'status':{'addresses':[{'type':'InternalIP','address':'192.0.2.4'}]}}", "status");
        Assert.That((await ApprovedAsync("late")).Reason, Is.EqualTo("AutoApproved"));
    }

    [Test]
    public async Task Others_wait()
    {
        await AddNodeAsync("here", "192.0.2.5");
        await RequestAsync("foreign-name", "here", Asked("here", "elsewhere", "192.0.2.5"));
        await RequestAsync("foreign-address", "here", Asked("here", "here", "192.0.2.6"));
        await RequestAsync("another-node", "other", Asked("here", "here", "192.0.2.5"));
        await RequestAsync("no-node", "absent", Asked("absent", "absent", "192.0.2.5"));

        // Requests are looked at in order by each worker; what comes last is approved when these have been looked at.
        await RequestAsync("marker-1", "here", Asked("here", "here", "192.0.2.5"));
        await ApprovedAsync("marker-1");
        await RequestAsync("marker-2", "here", Asked("here", "here", "192.0.2.5"));
        await ApprovedAsync("marker-2");

        string[] waiting = ["foreign-name", "foreign-address", "another-node", "no-node"];
        var all = await _bench.WaitAsync(Resources.CertificateSigningRequests, "", _ => true);
        Assert.That(
            all.Where(request => waiting.Contains(request.Metadata.Name)).Select(request => request.Status.Conditions.Length),
            Is.EqualTo(new[] { 0, 0, 0, 0 }));
    }

    [TestCase("a", "192.0.2.1", true)]
    [TestCase("A", "192.0.2.1", true)]
    [TestCase("a.example", "192.0.2.1", true)]
    [TestCase("b", "192.0.2.1", false)]
    [TestCase("a", "192.0.2.2", false)]
    [TestCase("192.0.2.1", "192.0.2.1", false)]
    public void Names_are_those_of_the_node_or_not(string dns, string address, bool areThose)
    {
        var node = new Node
        {
            Metadata = new ObjectMetadata { Name = "a" },
            Status = new NodeStatus
            {
                Addresses = [new() { Type = "InternalIP", Address = "192.0.2.1" }, new() { Type = "ExternalDNS", Address = "a.example" }],
            },
        };
        var asked = AskedCertificate.Read(Encoding.ASCII.GetBytes(Asked("a", dns, address)));
        Assert.That(ServingCertificateApprover.AreOf(node, asked), Is.EqualTo(areThose));
    }

    private static string Asked(string node, string dns, string address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"O=system:nodes, CN=system:node:{node}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dns);
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequestPem();
    }

    private async Task AddNodeAsync(string name, string address)
    {
        await _bench.CreateAsync(Resources.Nodes, "", $"{{'metadata':{{'name':'{name}'}}}}");
        await _bench.PatchAsync(
            Resources.Nodes,
            "",
            name,
            $"{{'status':{{'addresses':[{{'type':'InternalIP','address':'{address}'}},{{'type':'Hostname','address':'{name}'}}]}}}}",
            "status");
    }

    /// <summary>Posts a request as a node, or as an administrator.</summary>
    private async Task RequestAsync(string name, string? node, string pem)
    {
        using var client = node is null ? _bench.Connect() : _bench.ConnectAs($"system:node:{node}", "system:nodes");
        await client.CreateAsync(
            Resources.CertificateSigningRequests,
            "",
            JsonTree.ParseObject(Encoding.UTF8.GetBytes($$"""
                {"metadata":{"name":"{{name}}"},"spec":{"request":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(pem))}}",
                "signerName":"kubernetes.io/kubelet-serving","usages":["digital signature","server auth"]} }
                """)),
            CancellationToken.None);
    }

    private async Task<Condition> ApprovedAsync(string name) =>
        (await _bench.WaitAsync(
            Resources.CertificateSigningRequests, "", all => all.Any(r => r.Metadata.Name == name && r.Status.Is("Approved"))))
        .Single(r => r.Metadata.Name == name).Status.Conditions.Single();
}
