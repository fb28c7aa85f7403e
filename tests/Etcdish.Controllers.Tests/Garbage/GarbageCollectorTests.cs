using Etcdish.ClusterBench;
using Etcdish.Controllers.Garbage;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Garbage;

/// <summary>What goes with what, with a server.</summary>
/// <param name="isShared">Whether other controllers of the program follow the objects, too.</param>
[TestFixture(false)]
[TestFixture(true)]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class GarbageCollectorTests(bool isShared)
{
    private const string Hold = "'finalizers':['test.example/hold']";
    private ControlBench _bench = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        _bench = await ControlBench.StartAsync();
        _bench.Add(new GarbageCollector(_bench.Context), workers: 4);
        if (isShared)
        {
            _bench.Context.Informers.Of(Resources.ConfigMaps);
        }

        await _bench.RunAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await _bench.DisposeAsync();

    [Test]
    public async Task In_the_background_what_is_owned_goes_behind_its_owner()
    {
        var ns = await NamespaceAsync("background");
        var a = await CreateAsync(ns, "a");
        var b = await CreateAsync(ns, "b", owners: [a]);
        await CreateAsync(ns, "c", owners: [b]);
        await CreateAsync(ns, "other");
        await DeleteAsync(a, "Background");
        await NamesAsync(ns, "other");
    }

    [Test]
    public async Task In_the_foreground_an_owner_waits_for_what_blocks_it()
    {
        var ns = await NamespaceAsync("foreground");
        var a = await CreateAsync(ns, "a");
        await CreateAsync(ns, "b", owners: [a], metadata: Hold);
        await CreateAsync(ns, "c", owners: [a]);
        await DeleteAsync(a, "Foreground");
        var left = await NamesAsync(ns, "a", "b");

        Assert.That(left.Single(m => m.Metadata.Name == "a").Metadata.Finalizers, Is.EqualTo(["foregroundDeletion"]));
        await _bench.WaitAsync(Resources.ConfigMaps, ns, all => all.Any(m => m is { Metadata: { Name: "b", IsBeingDeleted: true } }));
        await _bench.PatchAsync(Resources.ConfigMaps, ns, "b", "{'metadata':{'finalizers':null}}");
        await NamesAsync(ns);
    }

    [Test]
    public async Task In_the_foreground_nobody_waits_for_what_does_not_block()
    {
        var ns = await NamespaceAsync("unblocked");
        var a = await CreateAsync(ns, "a");
        await CreateAsync(ns, "b", owners: [a], metadata: Hold, blocks: false);
        await DeleteAsync(a, "Foreground");
        await NamesAsync(ns, "b");
        await _bench.PatchAsync(Resources.ConfigMaps, ns, "b", "{'metadata':{'finalizers':null}}");
        await NamesAsync(ns);
    }

    [Test]
    public async Task In_the_foreground_a_chain_goes_from_its_end()
    {
        var ns = await NamespaceAsync("chain");
        var a = await CreateAsync(ns, "a");
        var b = await CreateAsync(ns, "b", owners: [a]);
        await CreateAsync(ns, "c", owners: [b], metadata: Hold);
        await DeleteAsync(a, "Foreground");
        await _bench.WaitAsync(
            Resources.ConfigMaps, ns, all => all.Count(m => m.Metadata.IsBeingDeleted) == 3);
        await _bench.PatchAsync(Resources.ConfigMaps, ns, "c", "{'metadata':{'finalizers':null}}");
        await NamesAsync(ns);
    }

    [Test]
    public async Task In_the_foreground_a_circle_goes()
    {
        var ns = await NamespaceAsync("circle");
        var a = await CreateAsync(ns, "a");
        var b = await CreateAsync(ns, "b", owners: [a]);
        await _bench.PatchAsync(Resources.ConfigMaps, ns, "a", $"{{'metadata':{{'ownerReferences':[{Reference(b, true)}]}}}}");
        await DeleteAsync(a, "Foreground");
        await NamesAsync(ns);
    }

    [Test]
    public async Task Orphans_stay_and_have_no_owner()
    {
        var ns = await NamespaceAsync("orphans");
        var a = await CreateAsync(ns, "a");
        var other = await CreateAsync(ns, "other");
        await CreateAsync(ns, "b", owners: [a]);
        await CreateAsync(ns, "c", owners: [a, other]);
        await DeleteAsync(a, "Orphan");
        var left = await NamesAsync(ns, "b", "c", "other");
        Assert.That(left.Select(m => m.Metadata.OwnerReferences.Length), Is.EquivalentTo([0, 1, 0]));
    }

    [Test]
    public async Task What_has_another_owner_stays_and_loses_the_one()
    {
        var ns = await NamespaceAsync("shared");
        var a = await CreateAsync(ns, "a");
        var b = await CreateAsync(ns, "b");
        await CreateAsync(ns, "c", owners: [a, b]);
        await DeleteAsync(a, "Background");
        await _bench.WaitAsync(Resources.ConfigMaps, ns, all =>
            all.Count == 2 && all.Single(m => m.Metadata.Name == "c").Metadata.OwnerReferences is [{ Name: "b", BlockOwnerDeletion: true }]);
        await DeleteAsync(b, "Foreground");
        await NamesAsync(ns);
    }

    [Test]
    public async Task What_names_an_owner_that_never_was_goes()
    {
        var ns = await NamespaceAsync("never");
        var ghost = new ConfigMap { Metadata = new ObjectMetadata { Name = "ghost", Uid = "00000000-0000-0000-0000-000000000000" } };
        await CreateAsync(ns, "a", owners: [ghost]);
        await NamesAsync(ns);
    }

    [Test]
    public async Task What_names_an_owner_of_another_namespace_goes_and_it_is_told_why()
    {
        var (ns, there) = (await NamespaceAsync("here"), await NamespaceAsync("there"));
        var a = await CreateAsync(there, "a");
        var b = await CreateAsync(ns, "b", owners: [a]);
        await NamesAsync(ns);
        var events = await _bench.WaitAsync(
            new ApiResource<OwnedObject>("", "v1", "events", "Event", true, OwnedObject.ResourceOf(Resources.Events).Form), ns, all => all.Count == 1);
        var told = await _bench.ReadAsync(Resources.Events, ns, events[0].Metadata.Name);

        Assert.That((string?)told!["reason"], Is.EqualTo("OwnerRefInvalidNamespace"));
        Assert.That((string?)told["type"], Is.EqualTo("Warning"));
        Assert.That((string?)told["involvedObject"]!["uid"], Is.EqualTo(b.Metadata.Uid));
        Assert.That(
            (string?)told["message"],
            Is.EqualTo($"ownerRef [v1/ConfigMap, namespace: here, name: a, uid: {a.Metadata.Uid}] does not exist in namespace \"here\""));
        await NamesAsync(there, "a");
    }

    [Test]
    public async Task Objects_of_the_whole_cluster_own_too()
    {
        var ns = await NamespaceAsync("clusterwide");
        var role = await _bench.CreateAsync(
            OwnedObject.ResourceOf(new ApiResource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false)),
            "",
            "{'metadata':{'name':'owner'}}");
        await _bench.CreateAsync(
            Resources.ConfigMaps,
            ns,
            $"{{'metadata':{{'name':'a','ownerReferences':[{{'apiVersion':'rbac.authorization.k8s.io/v1','kind':'ClusterRole','name':'owner','uid':'{role.Metadata.Uid}'}}]}}}}");
        await _bench.Client.SendAsync(
            HttpMethod.Delete, "/apis/rbac.authorization.k8s.io/v1/clusterroles/owner", null, null, CancellationToken.None);
        await NamesAsync(ns);
    }

    [Test]
    public async Task Custom_objects_own_and_what_they_own_goes_even_with_their_definition()
    {
        var ns = await NamespaceAsync("custom");
        await _bench.CreateAsync(
            OwnedObject.ResourceOf(new ApiResource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false)),
            "",
            """
            {'metadata':{'name':'parts.test.example'},'spec':{'group':'test.example','scope':'Namespaced',
             'names':{'plural':'parts','kind':'Part'},'versions':[{'name':'v1','served':true,'storage':true,
             'schema':{'openAPIV3Schema':{'type':'object'}}}]}}
            """);
        var parts = OwnedObject.ResourceOf(new ApiResource("test.example", "v1", "parts", "Part", true));
        var (first, second) = (await PartAsync("first"), await PartAsync("second"));
        await CreateAsync(ns, "a", custom: first);
        await CreateAsync(ns, "b", custom: second);
        await _bench.Client.DeleteAsync(parts, ns, "first", null, CancellationToken.None);
        await NamesAsync(ns, "b");
        await _bench.Client.SendAsync(
            HttpMethod.Delete, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/parts.test.example", null, null, CancellationToken.None);
        await NamesAsync(ns);

        Task<OwnedObject> PartAsync(string name) => _bench.CreateAsync(
            parts, ns, $"{{'apiVersion':'test.example/v1','kind':'Part','metadata':{{'name':'{name}'}}}}");
    }

    private static string Reference(KubernetesObject owner, bool blocks, string apiVersion = "v1", string kind = "ConfigMap") =>
        $"{{'apiVersion':'{apiVersion}','kind':'{kind}','name':'{owner.Metadata.Name}','uid':'{owner.Metadata.Uid}','blockOwnerDeletion':{(blocks ? "true" : "false")}}}";

    private async Task<string> NamespaceAsync(string name)
    {
        await _bench.CreateAsync(Resources.Namespaces, "", $"{{'metadata':{{'name':'{name}'}}}}");
        return name;
    }

    private Task<ConfigMap> CreateAsync(
        string ns, string name, ConfigMap[]? owners = null, string metadata = "", bool blocks = true, OwnedObject? custom = null)
    {
        var references = (owners ?? []).Select(owner => Reference(owner, blocks)).ToList();
        if (custom is not null)
        {
            references.Add(Reference(custom, blocks, "test.example/v1", "Part"));
        }

        var more = metadata.Length == 0 ? "" : "," + metadata;
        return _bench.CreateAsync(
            Resources.ConfigMaps, ns, $"{{'metadata':{{'name':'{name}','ownerReferences':[{string.Join(',', references)}]{more}}}}}");
    }

    private Task<bool> DeleteAsync(ConfigMap map, string propagation) => _bench.Client.DeleteAsync(
        Resources.ConfigMaps, map.Metadata.Namespace, map.Metadata.Name, new DeleteOptions { Propagation = propagation }, CancellationToken.None);

    private Task<IReadOnlyList<ConfigMap>> NamesAsync(string ns, params string[] names) => _bench.WaitAsync(
        Resources.ConfigMaps, ns, all => all.Select(m => m.Metadata.Name).Order().SequenceEqual(names.Order()));
}
