using System.Text.Json;
using Etcdish.Controllers.Garbage;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Garbage;

/// <summary>The rule of the collection, the graph of owners, and what discovery is understood as.</summary>
public sealed class CollectionTests
{
    private static readonly ApiResource _maps = Resources.ConfigMaps;
    private readonly HashSet<string> _looked = [];

    [TestCase("S", false, "Stays")]
    [TestCase("A", false, "Goes")]
    [TestCase("AA", true, "Goes")]
    [TestCase("SA", false, "LosesOwners")]
    [TestCase("SW", true, "LosesOwners")]
    [TestCase("W", false, "Goes")]
    [TestCase("W", true, "GoesInForeground")]
    [TestCase("WA", true, "GoesInForeground")]
    [TestCase("U", false, "Stays")]
    [TestCase("AU", true, "Stays")]
    [TestCase("SU", true, "Stays")]
    [TestCase("", true, "Stays")]
    public void An_object_goes_when_no_owner_is_left(string owners, bool ownsOthers, string fate)
    {
        OwnerState[] states = [.. owners.Select(letter => letter switch
        {
            'S' => OwnerState.Solid,
            'W' => OwnerState.Waiting,
            'A' => OwnerState.Absent,
            _ => OwnerState.Unresolved,
        })];
        Assert.That(Collection.Decide(states, ownsOthers).ToString(), Is.EqualTo(fate));
    }

    [Test]
    public void What_has_its_owner_need_not_be_looked_at()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("a"));
        graph.Observe(_maps, Made("b", owners: "a"));
        Assert.That(_looked, Is.Empty);
    }

    [Test]
    public void What_names_an_owner_that_is_not_there_is_looked_at()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("b", owners: "a"));
        Assert.That(_looked, Is.EquivalentTo(["b"]));
        _looked.Clear();
        graph.Observe(_maps, Made("a"));
        Assert.That(_looked, Is.Empty, "now it is there");
        Assert.That(graph.Find("b")!.Owners[0].Fits, Is.True);
    }

    [Test]
    public void What_names_an_owner_otherwise_than_it_is_called_is_looked_at()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("a", ns: "other"));
        graph.Observe(_maps, Made("b", owners: "a"));
        Assert.That(_looked, Is.EquivalentTo(["b"]));
        Assert.That(graph.Find("b")!.Owners[0].Fits, Is.False);
    }

    [Test]
    public void What_was_owned_is_looked_at_when_the_owner_goes_and_nothing_is_kept_of_either()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("a"));
        graph.Observe(_maps, Made("b", owners: "a"));
        var owned = 0;
        graph.Forget("a", () => owned++);
        Assert.That((owned, string.Join(',', _looked)), Is.EqualTo((1, "b")));
        Assert.That((graph.Find("a"), graph.Count), Is.EqualTo(((GraphItem?)null, 2)));
        graph.Forget("b", () => owned++);
        Assert.That((owned, graph.Count), Is.EqualTo((1, 0)));
    }

    [Test]
    public void Who_waits_for_dependents_is_looked_at_when_they_go_or_block_no_more()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("a"));
        graph.Observe(_maps, Made("b", owners: "a"));
        graph.Observe(_maps, Made("c", owners: "a"));
        graph.Observe(_maps, Made("a", finalizer: "foregroundDeletion"));
        Assert.That(_looked, Is.EquivalentTo(["a", "b", "c"]));
        Assert.That(graph.Find("a")!.Dependents.Count(d => d.Blocks), Is.EqualTo(2));
        _looked.Clear();
        graph.Observe(_maps, Made("b", owners: "a", blocks: false));
        Assert.That(_looked, Does.Contain("a"));
        Assert.That(graph.Find("a")!.Dependents.Count(d => d.Blocks), Is.EqualTo(1));
        _looked.Clear();
        graph.Forget("c");
        Assert.That(_looked, Is.EquivalentTo(["a"]));
    }

    [Test]
    public void Who_orphans_is_looked_at()
    {
        var graph = Graph();
        graph.Observe(_maps, Made("a", finalizer: "orphan"));
        Assert.That(_looked, Is.EquivalentTo(["a"]));
    }

    [Test]
    public void Of_discovery_one_version_is_watched_and_all_kinds_are_known()
    {
        const string Text = """
            {"items":[{"metadata":{"name":"g"},"versions":[
              {"version":"v2","resources":[
                {"resource":"as","responseKind":{"kind":"A"},"scope":"Namespaced","verbs":["delete","list","watch"]},
                {"resource":"ws","responseKind":{"kind":"W"},"scope":"Cluster","verbs":["list","watch"]}]},
              {"version":"v1","resources":[
                {"resource":"as","responseKind":{"kind":"A"},"scope":"Namespaced","verbs":["delete","list","watch"]},
                {"resource":"bs","responseKind":{"kind":"B"},"scope":"Cluster","verbs":["delete","list","watch","get"]}]}]},
             {"versions":[{"version":"v1","resources":[
                {"resource":"events","responseKind":{"kind":"Event"},"scope":"Namespaced","verbs":["delete","list","watch"]}]}]}]}
            """;
        var catalog = new ResourceCatalog();
        using var document = JsonDocument.Parse(Text);
        catalog.Add(document.RootElement);
        Assert.That(catalog.Collected.Select(r => r.ToString()), Is.EqualTo(["as.g/v2", "bs.g/v1"]));
        Assert.That(catalog.Find("g/v1", "A")!.IsNamespaced, Is.True);
        Assert.That(catalog.Find("g/v2", "W")!.IsNamespaced, Is.False);
        Assert.That(catalog.Find("v1", "Event"), Is.Not.Null);
        Assert.That(catalog.Find("g/v3", "A"), Is.Null);
    }

    [Test]
    public void Of_an_object_is_read_who_it_is_and_whom_it_belongs_to()
    {
        const string Text = """
            {"kind":"PartialObjectMetadata","spec":{"metadata":{"name":"no"}},"metadata":{"labels":{"name":"no"},"name":"n","namespace":"s",
             "uid":"u","resourceVersion":"7","annotations":{"x":"y","k8s.io/initial-events-end":"true"},"managedFields":[{"name":"no"}],
             "deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["orphan"],
             "ownerReferences":[{"apiVersion":"v1","kind":"K","name":"o","uid":"p","blockOwnerDeletion":true,"new":1}]}}
            """;
        var value = JsonSerializer.Deserialize(Text, OwnedObject.ResourceOf(_maps).Form)!;
        Assert.That((value.Key, value.Metadata.Uid, value.Metadata.ResourceVersion), Is.EqualTo((new ObjectKey("s", "n"), "u", "7")));
        Assert.That((value.IsOrphaning, value.IsDeletingDependents), Is.EqualTo((true, false)));
        Assert.That(value.Metadata.Annotations, Has.Count.EqualTo(1));
        var owner = value.Metadata.OwnerReferences.Single();
        Assert.That((owner.Name, owner.Uid, owner.BlockOwnerDeletion, owner.Controller), Is.EqualTo(("o", "p", true, false)));
    }

    private static OwnedObject Made(string name, string owners = "", string ns = "n", string? finalizer = null, bool blocks = true) => new()
    {
        Metadata = new ObjectMetadata
        {
            Name = name,
            Namespace = ns,
            Uid = name,
            DeletionTimestamp = finalizer is null ? null : DateTimeOffset.UnixEpoch,
            Finalizers = finalizer is null ? [] : [finalizer],
            OwnerReferences = [.. owners.Select(o => new OwnerReference
            {
                ApiVersion = "v1",
                Kind = "ConfigMap",
                Name = o.ToString(),
                Uid = o.ToString(),
                BlockOwnerDeletion = blocks,
            })],
        },
    };

    private OwnerGraph Graph()
    {
        _looked.Clear();
        return new OwnerGraph(uid => _looked.Add(uid));
    }
}
