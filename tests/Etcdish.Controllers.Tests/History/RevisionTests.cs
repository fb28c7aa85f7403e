using System.Text.Json.Nodes;
using Etcdish.Controllers.History;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.History;

/// <summary>What revisions remember, how they are named and numbered, and which go.</summary>
public sealed class RevisionTests
{
    [Test]
    public void A_template_is_remembered_as_a_patch_and_comes_back()
    {
        var template = Template("""{"spec":{"containers":[{"name":"c","image":"i"}]},"metadata":{"labels":{"b":"1","a":"2"}}}""");
        var data = RevisionData.Of(template);
        Assert.That(data.ToJsonString(), Is.EqualTo(
            """{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"image":"i","name":"c"}]}}}}"""));
        var back = RevisionData.TemplateOf(new ControllerRevision { Data = data });
        Assert.That(JsonNode.DeepEquals(back.Json, template.Json), back.Json.ToJsonString());
    }

    /// <summary>Pods in clusters carry these: they may never change.</summary>
    [TestCase("""{"spec":{"containers":[]}}""", 0, "d9fb87dfc")]
    [TestCase("""{"spec":{"containers":[]}}""", 1, "79dcf8dcb4")]
    [TestCase("""{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]}}""", 0, "75686f8dfb")]
    [TestCase("""{"spec":{"containers":[{"image":"i","name":"c"}]},"metadata":{"labels":{"a":"b"},"creationTimestamp":null}}""", 0, "75686f8dfb")]
    public void Names_stay_the_same(string template, int collisions, string expected) =>
        Assert.That(RevisionData.Hash(RevisionData.Of(Template(template)), collisions), Is.EqualTo(expected));

    // Revisions as letters of their templates, with their numbers; the template wanted; the one found, and the number it is to have.
    [TestCase("", "A", "new 1")]
    [TestCase("A1", "A", "A 1")]
    [TestCase("A1", "B", "new 2")]
    [TestCase("A1 B2", "A", "A 3")]
    [TestCase("B2 A3", "A", "A 3")]
    [TestCase("B2 A3 C7", "D", "new 8")]
    [TestCase("A1 A4 C7", "A", "A 8")]
    public void The_revision_of_a_template_is_found_or_made(string revisions, string wanted, string expected)
    {
        var choice = RevisionOrder.Choose(Revisions(revisions), Data(wanted[0]));
        Assert.That($"{choice.Equal?.Metadata.Name[..1] ?? "new"} {choice.Number}", Is.EqualTo(expected));
    }

    [TestCase("A1 B2 C3 D4", "D", 2, "A1")]
    [TestCase("A1 B2 C3 D4", "D", 0, "A1 B2 C3")]
    [TestCase("A1 B2 C3 D4", "AD", 1, "B2")]
    [TestCase("A1 B2 C3 D4", "AD", 2, "")]
    [TestCase("A1 B2 C3 D4", "ABCD", 0, "")]
    public void The_oldest_go_that_nothing_needs(string revisions, string live, int limit, string expected) => Assert.That(
        RevisionOrder.Surplus(Revisions(revisions), r => live.Contains(r.Metadata.Name[0]), limit).Select(r => r.Metadata.Name),
        Is.EqualTo(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Test]
    public void They_are_in_the_order_of_number_age_and_name()
    {
        var revisions = Revisions("B2 A2 C1 D2");
        revisions[3].Metadata.CreationTimestamp = DateTimeOffset.UnixEpoch;
        Assert.That(RevisionOrder.Sorted(revisions).Select(r => r.Metadata.Name), Is.EqualTo(["C1", "D2", "A2", "B2"]));
    }

    private static List<ControllerRevision> Revisions(string notation) =>
    [
        .. notation.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => new ControllerRevision
        {
            Metadata = new ObjectMetadata { Name = word, CreationTimestamp = DateTimeOffset.UnixEpoch.AddDays(1) },
            Revision = int.Parse(word[1..]),
            Data = Data(word[0]),
        }),
    ];

    private static JsonObject Data(char letter) =>
        RevisionData.Of(new PodTemplate(new JsonObject { ["spec"] = new JsonObject { ["x"] = $"{letter}" } }));

    private static PodTemplate Template(string json) => new((JsonObject)JsonNode.Parse(json)!);
}
