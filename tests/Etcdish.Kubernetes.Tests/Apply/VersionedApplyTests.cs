using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

/// <summary>A kind with two versions that name the same field differently, and a third that is no longer served.</summary>
public sealed class VersionedApplyTests
{
    private readonly FieldManager _manager = new(new TwoVersions());

    [Test]
    public void Owners_keep_their_fields_in_the_version_they_wrote()
    {
        var live = Apply([], "old", "example.com/v1", """{"spec":{"replicas":1,"paused":true}}""");

        var shared = Apply(live, "new", "example.com/v2", """{"spec":{"count":1}}""");

        Assert.That(Owned(shared, "old"), Is.EqualTo(".spec.paused .spec.replicas"));
        Assert.That(Owned(shared, "new"), Is.EqualTo(".spec.count"));
        Assert.That(
            () => Apply(shared, "new", "example.com/v2", """{"spec":{"count":2}}"""),
            Throws.TypeOf<ApplyConflictException>().With.Message.EqualTo(
                "Apply failed with 1 conflict: conflict with \"old\": .spec.replicas"));
    }

    [Test]
    public void A_field_goes_when_its_last_applier_lets_go_in_another_version()
    {
        var live = Apply([], "one", "example.com/v1", """{"spec":{"replicas":1,"paused":true}}""");
        live = Apply(live, "two", "example.com/v2", """{"spec":{"count":1}}""");

        live = Apply(live, "one", "example.com/v2", """{"spec":{"paused":true}}""");
        Assert.That(live["spec"]!["count"]!.GetValue<int>(), Is.EqualTo(1), "the other still applies it");

        live = Apply(live, "two", "example.com/v2", "{}");
        Assert.That(live["spec"]!.ToJsonString(), Is.EqualTo("""{"paused":true}"""));
    }

    [Test]
    public void Entries_of_a_version_that_is_not_served_any_more_go()
    {
        var live = JsonNode.Parse("""
            {"apiVersion":"example.com/v1","metadata":{"uid":"1","managedFields":[{"manager":"ancient","operation":"Update",
             "apiVersion":"example.com/v0","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:size":{}}}}]},"spec":{"replicas":1}}
            """)!.AsObject();

        var applied = Apply(live, "one", "example.com/v1", """{"spec":{"replicas":2}}""");

        Assert.That(Owned(applied, "ancient"), Is.Null);
        Assert.That(Owned(applied, "one"), Is.EqualTo(".spec.replicas"));
    }

    private JsonObject Apply(JsonObject live, string manager, string apiVersion, string body)
    {
        var config = JsonNode.Parse(body)!.AsObject();
        config["apiVersion"] = apiVersion;
        var context = new WriteContext { ApiVersion = apiVersion, Manager = manager, Now = DateTimeOffset.UnixEpoch };
        var result = _manager.Apply(new TwoVersions().Convert(live, apiVersion), config, context, force: false);
        result["metadata"]!["uid"] = "1";
        return result;
    }

    private static string? Owned(JsonObject live, string manager) =>
        live["metadata"]!["managedFields"]!.AsArray().SingleOrDefault(e => e!["manager"]!.GetValue<string>() == manager) is { } entry
            ? FieldSetJson.Read(entry["fieldsV1"]).ToString()
            : null;

    private sealed class TwoVersions : IObjectVersions
    {
        public StructType? TypeOf(string apiVersion) => apiVersion switch
        {
            "example.com/v1" => Type("replicas"),
            "example.com/v2" => Type("count"),
            _ => null,
        };

        public JsonObject Convert(JsonObject value, string apiVersion)
        {
            var copy = value.DeepClone().AsObject();
            if (copy.Count > 0)
            {
                copy["apiVersion"] = apiVersion;
            }

            var (from, to) = apiVersion == "example.com/v1" ? ("count", "replicas") : ("replicas", "count");
            if (copy["spec"] is JsonObject spec && spec.Remove(from, out var number))
            {
                spec[to] = number;
            }

            return copy;
        }

        private static StructType Type(string field)
        {
            var spec = new StructType("Spec",
            [
                new Field(field, SchemaType.Scalar(ValueKind.Int64)) { IsPointer = true },
                new Field("paused", SchemaType.Scalar(ValueKind.Bool)) { IsPointer = true },
            ]);
            return new StructType("Widget",
            [
                new Field("apiVersion", SchemaType.String),
                new Field("metadata", SchemaType.Object(SchemaCatalog.BuiltIn.GetStruct("meta/v1.ObjectMeta"))),
                new Field("spec", SchemaType.Object(spec)) { IsPointer = true },
            ]);
        }
    }
}
