using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Namespaces;

/// <summary>What a namespace says while it goes.</summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class NamespaceEndTests
{
    private const string Hold = "'finalizers':['test.example/hold']";
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task It_tells_what_it_waits_for_and_goes_when_that_is_gone()
    {
        await _bench.CreateAsync(Resources.Namespaces, "", "{'metadata':{'name':'held'}}");
        await _bench.CreateAsync(Resources.ConfigMaps, "held", $"{{'metadata':{{'name':'a',{Hold}}}}}");
        await _bench.CreateAsync(Resources.ConfigMaps, "held", "{'metadata':{'name':'b'}}");
        await _bench.Client.DeleteAsync(Resources.Namespaces, "", "held", null, CancellationToken.None);
        var told = (await _bench.WaitAsync(Resources.Namespaces, "", all => Of(all, "held")?.Status.Conditions.Length == 5))
            .Single(ns => ns.Metadata.Name == "held").Status;

        Assert.That(told.Phase, Is.EqualTo("Terminating"));
        Assert.That(told.Conditions.Select(c => $"{c.Type}={c.Status} {c.Reason}: {c.Message}"), Is.EquivalentTo(
        [
            "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered",
            "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed",
            "NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization",
            "NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances",
            "NamespaceFinalizersRemaining=True SomeFinalizersRemain: "
                + "Some content in the namespace has finalizers remaining: test.example/hold in 1 resource instances",
        ]));
        await _bench.PatchAsync(Resources.ConfigMaps, "held", "a", "{'metadata':{'finalizers':null}}");
        await _bench.WaitAsync(Resources.Namespaces, "", all => Of(all, "held") is null);
    }

    [Test]
    public async Task Pods_go_before_what_they_may_use()
    {
        await _bench.CreateAsync(Resources.Namespaces, "", "{'metadata':{'name':'ordered'}}");
        await _bench.CreateAsync(
            Resources.Pods, "ordered", $"{{'metadata':{{'name':'p',{Hold}}},'spec':{{'containers':[{{'name':'c','image':'i'}}]}}}}");
        await _bench.CreateAsync(Resources.ConfigMaps, "ordered", "{'metadata':{'name':'used'}}");
        await _bench.Client.DeleteAsync(Resources.Namespaces, "", "ordered", null, CancellationToken.None);
        await _bench.WaitAsync(Resources.Namespaces, "", all => Of(all, "ordered")?.Status.Conditions.Length == 5);
        Assert.That(await _bench.ReadAsync(Resources.ConfigMaps, "ordered", "used"), Is.Not.Null);
        await _bench.PatchAsync(Resources.Pods, "ordered", "p", "{'metadata':{'finalizers':null}}");
        await _bench.WaitAsync(Resources.Namespaces, "", all => Of(all, "ordered") is null);
        Assert.That(await _bench.ReadAsync(Resources.ConfigMaps, "ordered", "used"), Is.Null);
    }

    private static Namespace? Of(IReadOnlyList<Namespace> all, string name) => all.SingleOrDefault(ns => ns.Metadata.Name == name);
}
