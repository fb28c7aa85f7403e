using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Policies;

namespace Etcdish.Network.Tests.Policies;

/// <summary>Policies on a real kernel, between pods of one bridge. Pods a and b are in the policy's namespace, c in another (team=x).</summary>
public sealed class PolicyKernelTests
{
    private static readonly TimeSpan _allowed = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan _denied = TimeSpan.FromMilliseconds(300);

    private NamespaceLab? _lab;

    [OneTimeSetUp]
    public async Task SetUpAsync()
    {
        _lab = await NamespaceLab.CreateAsync();
        await _lab.AddNodeAsync("node", "10.7.0.254/24", "fd07::fe/64");
        foreach (var (pod, number) in new[] { ("a", 1), ("b", 2), ("c", 3) })
        {
            await _lab.AddPodAsync("node", pod, "10.7.0.254", $"10.7.0.{number}/24", $"fd07::{number}/64");
            _lab.Serve(pod, ProtocolType.Tcp, 80);
            _lab.Serve(pod, ProtocolType.Tcp, 81);
            _lab.Serve(pod, ProtocolType.Udp, 53);
        }

        _lab.Serve("node", ProtocolType.Tcp, 80);
    }

    [OneTimeTearDown]
    public async Task TearDownAsync()
    {
        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }

    [TestCase("{'podSelector':{}}", "b>c:80 b>b:80 node>b:80 b>node:80", "a>b:80 a>b:53/udp c>b:80/6", TestName = "What is selected is closed, but to itself and its node")]
    [TestCase("{'podSelector':{'matchLabels':{'app':'b'}},'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'a'}}}]}]}",
        "a>b:80 a>b:80/6 a>b:53/udp b>a:80 c>a:80", "c>b:80 c>b:80/6 c>b:53/udp", TestName = "By label, in the policy's namespace")]
    [TestCase("{'podSelector':{'matchLabels':{'app':'b'}},'ingress':[{'from':[{'namespaceSelector':{'matchLabels':{'team':'x'}}}]}]}",
        "c>b:80 c>b:80/6", "a>b:80", TestName = "By namespace")]
    [TestCase("{'podSelector':{},'ingress':[{'from':[{'ipBlock':{'cidr':'0.0.0.0/0','except':['10.7.0.1/32']}}]}]}",
        "c>b:80", "a>b:80 c>b:80/6", TestName = "Everywhere, except")]
    [TestCase("{'podSelector':{},'ingress':[{'from':[{'ipBlock':{'cidr':'::/0'}}]}]}", "c>b:80/6", "a>b:80", TestName = "Everywhere, of one family")]
    [TestCase("{'podSelector':{},'ingress':[{'ports':[{'port':79,'endPort':80},{'protocol':'UDP','port':53},{'port':80}]}]}",
        "a>b:80 a>b:53/udp c>b:80/6", "a>b:81", TestName = "Ports, in ranges that overlap")]
    [TestCase("{'podSelector':{},'ingress':[{'ports':[{'port':'web'}]}]}", "c>a:80 c>b:81", "c>a:81 c>b:80", TestName = "A port by name, which each pod has of its own")]
    [TestCase("{'podSelector':{'matchLabels':{'app':'a'}},'policyTypes':['Egress'],'egress':[{'ports':[{'port':'web'}]}]}",
        "a>b:81", "a>b:80 a>c:80", TestName = "A port by name, on the way out")]
    [TestCase("{'podSelector':{'matchLabels':{'app':'b'}},'policyTypes':['Egress']}",
        "a>b:80 c>b:80/6 a>b:53/udp b>node:80", "b>a:80 b>c:80/6", TestName = "Who may not go out still answers")]
    [TestCase("{'podSelector':{},'policyTypes':['Egress'],'egress':[{'to':[{'podSelector':{'matchLabels':{'app':'b'}}}],'ports':[{'port':80}]}]}",
        "a>b:80 a>b:80/6 c>a:80", "a>b:81 a>c:80 b>a:80", TestName = "Out to some only")]
    [TestCase("{'podSelector':{},'policyTypes':['Ingress','Egress'],'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'b'}}}]}],'egress':[{}]}",
        "b>a:80 b>c:80", "c>a:80 a>b:80", TestName = "What one may send, the other must take")]
    public async Task Between_pods_of_a_bridge(string spec, string allowed, string denied)
    {
        var table = Table();
        table.SetPolicy(new ObjectKey("default", "policy"), PolicyTableTests.Read(spec));
        await ApplyAsync(table);
        try
        {
            await ExpectAsync(allowed, denied);
        }
        finally
        {
            await RemoveAsync();
        }
    }

    [Test]
    public async Task A_change_takes_effect()
    {
        var table = Table();
        try
        {
            await ApplyAsync(table);
            await ExpectAsync("c>b:80", "");
            foreach (var (spec, allowed, denied) in new[]
            {
                ("{'podSelector':{}}", "", "a>b:80"),
                ("{'podSelector':{},'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'a'}}}],'ports':[{'port':'web'}]}]}", "a>b:81", "a>b:80"),
                ("{'podSelector':{'matchLabels':{'app':'a'}}}", "a>b:80", "c>a:80"),
            })
            {
                table.SetPolicy(new ObjectKey("default", "policy"), PolicyTableTests.Read(spec));
                await ApplyAsync(table);
                await ExpectAsync(allowed, denied);
            }

            table.SetPod(new ObjectKey("default", "a"), Pod("default", "a", 1, 80, "z"));
            await ApplyAsync(table);
            await ExpectAsync("c>a:80", "");
            table.SetPolicy(new ObjectKey("default", "policy"), null);
            await ApplyAsync(table);
            await ExpectAsync("c>a:80 a>b:80", "");
            Assert.That(
                await _lab!.HostOf("node").RunAsync("nft", ["list", "chains"], "", CancellationToken.None), Does.Not.Contain("p1").And.Not.Contain("g1"));
        }
        finally
        {
            await RemoveAsync();
        }
    }

    private static PolicyTable Table()
    {
        var table = new PolicyTable("inet etcdish-policy", "here");
        table.SetNamespace("two", new Dictionary<string, string> { ["team"] = "x" });
        table.SetPod(new ObjectKey("default", "a"), Pod("default", "a", 1, 80, "a"));
        table.SetPod(new ObjectKey("default", "b"), Pod("default", "b", 2, 81, "b"));
        table.SetPod(new ObjectKey("two", "c"), Pod("two", "c", 3, 0, "c"));
        return table;
    }

    private static Pod Pod(string ns, string name, int number, int port, string app) => new()
    {
        Metadata = new ObjectMetadata { Namespace = ns, Name = name, Labels = new Dictionary<string, string> { ["app"] = app } },
        Spec = new PodSpec
        {
            NodeName = "here",
            Containers = [new Container { Ports = port == 0 ? [] : [new ContainerPort { Name = "web", Port = port }] }],
        },
        Status = new PodStatus
        {
            Phase = "Running",
            PodIps = [new PodAddress { Ip = $"10.7.0.{number}" }, new PodAddress { Ip = $"fd07::{number}" }],
        },
    };

    private async Task ApplyAsync(PolicyTable table)
    {
        foreach (var commands in (string[])[table.Image.TakeChanges(), table.Image.TakeLeftovers()])
        {
            await _lab!.NftablesOf("node").ApplyAsync(commands.AsMemory(), CancellationToken.None);
        }
    }

    private Task RemoveAsync() => _lab!.NftablesOf("node").ApplyAsync(
        "add table inet etcdish-policy\ndelete table inet etcdish-policy\n".AsMemory(), CancellationToken.None);

    private async Task ExpectAsync(string allowed, string denied)
    {
        var yes = allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(probe => (probe, Answer: AskAsync(probe, _allowed))).ToList();
        var no = denied.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(probe => (probe, Answer: AskAsync(probe, _denied))).ToList();
        foreach (var (probe, answer) in yes)
        {
            Assert.That(await answer, Is.Not.Null, $"{probe} should be allowed");
        }

        foreach (var (probe, answer) in no)
        {
            Assert.That(await answer, Is.Null, $"{probe} should be denied");
        }
    }

    // From a namespace to a pod: a>b:80, a>b:53/udp, a>b:80/6.
    private Task<string?> AskAsync(string probe, TimeSpan patience)
    {
        var parts = probe.Split('>', ':', '/');
        var kind = parts.Length > 3 ? parts[3] : "";
        var number = parts[1] switch { "a" => "1", "b" => "2", "c" => "3", _ => kind == "6" ? "fe" : "254" };
        var address = IPAddress.Parse(kind == "6" ? $"fd07::{number}" : $"10.7.0.{number}");
        return _lab!.AskAsync(parts[0], address, kind == "udp" ? ProtocolType.Udp : ProtocolType.Tcp, int.Parse(parts[2]), patience);
    }
}
