using System.Net;
using System.Text.Json;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Policies;

namespace Etcdish.Network.Tests.Policies;

/// <summary>The packet filter that follows from policies decides as policies mean it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyTableTests
{
    private readonly NftModel _kernel = new();
    private readonly PolicyTable _table = new("inet policy", "here");

    [Test]
    public void Whatever_happens_the_table_decides_as_policies_mean_it([Range(1, 40)] int seed)
    {
        var (generator, naive) = (new PolicyGenerator(seed), new NaivePolicies("here"));
        var (kernel, table) = (new NftModel(), new PolicyTable("inet policy", "here"));
        for (var step = 0; step < 60; step++)
        {
            Change(generator, naive, table);
            if (generator.Next(15) == 0)
            {
                table.Image.Forget();
            }

            kernel.Apply(table.Image.TakeChanges());
            kernel.Apply(table.Image.TakeLeftovers());
            for (var i = 0; i < 40; i++)
            {
                var (from, to, protocol, port) = (generator.Address(), generator.Address(), generator.Protocol(), generator.Port());
                Assert.That(
                    from.AddressFamily != to.AddressFamily || kernel.Allows(from, to, protocol, port) == naive.Allows(from, to, protocol, port),
                    $"seed {seed}, step {step}: {from} to {to} {protocol} {port}, meant: {naive.Allows(from, to, protocol, port)}");
            }
        }
    }

    [Test]
    public void When_all_is_gone_nothing_is_left([Range(1, 10)] int seed)
    {
        var (generator, naive) = (new PolicyGenerator(seed), new NaivePolicies("here"));
        Apply();
        string[] empty = [.. _kernel.Names];
        for (var step = 0; step < 60; step++)
        {
            Change(generator, naive, _table);
        }

        Apply();
        foreach (var policy in naive.Policies.Keys)
        {
            _table.SetPolicy(policy, null);
        }

        Apply();
        Assert.That(_kernel.Names, Is.EqualTo(empty), $"seed {seed}");
        foreach (var pod in naive.Pods.Keys)
        {
            _table.SetPod(pod, null);
        }

        Assert.That(_table.Image.TakeChanges(), Is.Empty);
    }

    [Test]
    public void A_pod_that_changes_costs_the_elements_that_it_is()
    {
        Policy("{'podSelector':{},'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'client'}}}]}]}");
        for (var i = 1; i <= 50; i++)
        {
            Pod($"pod{i}", $"10.0.0.{i}", "server");
        }

        Apply();
        Pod("pod51", "10.0.0.51", "client");
        var changes = _table.Image.TakeChanges();
        Assert.That(changes.Split('\n', StringSplitOptions.RemoveEmptyEntries), Is.EqualTo(new[]
        {
            "add element inet policy ingress-ip { 10.0.0.51 : goto g1 }",
            "add element inet policy p1-in0-pods-ip { 10.0.0.51 }",
            "add element inet policy self-ip { 10.0.0.51 . 10.0.0.51 }",
        }));
        Assert.That(_table.Image.TakeLeftovers(), Is.Empty);
    }

    [Test]
    public void What_policies_do_not_look_at_changes_nothing()
    {
        Policy("{'podSelector':{},'ingress':[]}");
        Pod("server", "10.0.0.1", "server");
        Apply();
        Pod("server", "10.0.0.1", "server");
        _table.SetNamespace("default", new Dictionary<string, string>());
        Assert.That(_table.Image.TakeChanges(), Is.Empty);
    }

    [Test]
    public void A_new_pod_may_have_the_address_of_one_whose_end_is_seen_later()
    {
        Policy("{'podSelector':{'matchLabels':{'app':'server'}},'ingress':[{'from':[{'podSelector':{'matchLabels':{'app':'client'}}}]}]}");
        Pod("server", "10.0.0.1", "server");
        Pod("old", "10.0.0.2", "client");
        Apply();
        Pod("new", "10.0.0.2", "client");
        Apply();
        _table.SetPod(new ObjectKey("default", "old"), null);
        Apply();
        Assert.That(Allows("10.0.0.2", "10.0.0.1", 80), Is.True);
        _table.SetPod(new ObjectKey("default", "new"), null);
        Apply();
        Assert.That(Allows("10.0.0.2", "10.0.0.1", 80), Is.False);
    }

    [TestCase("{'podSelector':{}}", false, true, TestName = "Without types and rules: ingress only")]
    [TestCase("{'podSelector':{},'egress':[{'to':[{'podSelector':{}}]}]}", false, false, TestName = "Without types, with rules for egress: both")]
    [TestCase("{'podSelector':{},'policyTypes':['Egress']}", true, false, TestName = "Egress only")]
    [TestCase("{'podSelector':{},'ingress':[{}],'egress':[{}],'policyTypes':['Ingress','Egress']}", true, true, TestName = "Empty rules allow all")]
    public void Directions(string spec, bool isIn, bool isOut)
    {
        Policy(spec);
        Pod("server", "10.0.0.1", "server");
        Apply();
        Assert.That((Allows("10.9.9.9", "10.0.0.1", 80), Allows("10.0.0.1", "10.9.9.9", 80)), Is.EqualTo((isIn, isOut)));
    }

    [Test]
    public void Types_are_as_the_server_has_them()
    {
        var port = Read("{'podSelector':{},'ingress':[{'ports':[{'port':'web','endPort':9},{'protocol':'UDP','port':53}]}]}").Spec.Ingress[0].Ports;
        Assert.That(
            port.Select(p => $"{p.Protocol} {p.Port} {p.EndPort}"), Is.EqualTo(new[] { "TCP web 9", "UDP 53 " }));
    }

    private static void Change(PolicyGenerator generator, NaivePolicies naive, PolicyTable table)
    {
        switch (generator.Next(7))
        {
            case 0 or 1 or 2:
                // A name of a pod stands for its address: it is in one namespace at a time.
                var pod = generator.PodKey();
                foreach (var other in naive.Pods.Keys.Where(key => key.Name == pod.Name && key != pod).ToList())
                {
                    naive.Pods.Remove(other);
                    table.SetPod(other, null);
                }

                Set(naive.Pods, pod, generator.Next(5) == 0 ? null : generator.Pod(pod), table.SetPod);
                break;
            case 3 or 4 or 5:
                var policy = generator.PolicyKey();
                Set(naive.Policies, policy, generator.Next(4) == 0 ? null : generator.Policy(policy), table.SetPolicy);
                break;
            default:
                var ns = generator.Namespace();
                Set(naive.Namespaces, ns, generator.Next(5) == 0 ? null : generator.Labels(), table.SetNamespace);
                break;
        }
    }

    private static void Set<TKey, TValue>(Dictionary<TKey, TValue> known, TKey key, TValue? value, Action<TKey, TValue?> set)
        where TKey : notnull
        where TValue : class
    {
        known.Remove(key);
        if (value is not null)
        {
            known.Add(key, value);
        }

        set(key, value);
    }

    private void Apply()
    {
        _kernel.Apply(_table.Image.TakeChanges());
        _kernel.Apply(_table.Image.TakeLeftovers());
    }

    private bool Allows(string from, string to, int port) => _kernel.Allows(IPAddress.Parse(from), IPAddress.Parse(to), "TCP", port);

    private void Policy(string spec) => _table.SetPolicy(new ObjectKey("default", "policy"), Read(spec));

    internal static NetworkPolicy Read(string spec, string ns = "default", string name = "policy") => JsonSerializer.Deserialize(
        $"{{'metadata':{{'namespace':'{ns}','name':'{name}'}},'spec':{spec}}}".Replace('\'', '"'), Resources.NetworkPolicies.Form)!;

    private void Pod(string name, string address, string app) => _table.SetPod(new ObjectKey("default", name), new Pod
    {
        Metadata = new ObjectMetadata { Namespace = "default", Name = name, Labels = new Dictionary<string, string> { ["app"] = app } },
        Spec = new PodSpec { NodeName = "here" },
        Status = new PodStatus { Phase = "Running", PodIps = [new PodAddress { Ip = address }] },
    });
}
