using System.Text.Json.Nodes;
using Etcdish.ApiServer.Extensions;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Tests;

/// <summary>Checks, defaults and pruning by schemas, without a server.</summary>
public class SchemaTests
{
    [TestCase("""{"type":"integer"}""", "1.5", "v in body must be of type integer: \"number\"")]
    [TestCase("""{"type":"integer"}""", "1.0", "")]
    [TestCase("""{"type":"number"}""", "3", "")]
    [TestCase("""{"type":"string"}""", "null", "v in body must be of type string: \"null\"")]
    [TestCase("""{"type":"string","nullable":true}""", "null", "")]
    [TestCase("""{"type":"string","maxLength":2}""", "\"äöü\"", "Too long: may not be more than 2 bytes")]
    [TestCase("""{"type":"string","minLength":3}""", "\"äöü\"", "")]
    [TestCase("""{"type":"string","enum":["a","b"]}""", "\"c\"", "Unsupported value: \"c\": supported values: \"a\", \"b\"")]
    [TestCase("""{"type":"integer","enum":[1,2]}""", "2", "")]
    [TestCase("""{"type":"integer","minimum":1,"exclusiveMinimum":true}""", "1", "Invalid value: 1: v in body should be greater than 1")]
    [TestCase("""{"type":"number","maximum":0.5}""", "0.75", "Invalid value: 0.75: v in body should be less than or equal to 0.5")]
    [TestCase("""{"type":"number","multipleOf":0.1}""", "0.3", "")]
    [TestCase("""{"type":"integer","multipleOf":5}""", "7", "Invalid value: 7: v in body should be a multiple of 5")]
    [TestCase("""{"type":"array","items":{"type":"string"},"maxItems":1}""", "[\"a\",\"b\"]", "Too many: 2: must have at most 1 item")]
    [TestCase(
        """{"type":"array","items":{"type":"string"},"minItems":1}""", "[]", "Invalid value: 0: v in body should have at least 1 items")]
    [TestCase("""{"type":"object","minProperties":1}""", "{}", "Invalid value: 0: v in body should have at least 1 properties")]
    [TestCase("""{"x-kubernetes-int-or-string":true}""", "true", "v in body must be of type integer,string: \"boolean\"")]
    [TestCase("""{"x-kubernetes-int-or-string":true}""", "\"50%\"", "")]
    [TestCase("""{"type":"string","format":"ipv4"}""", "\"1.2.3\"", "Invalid value: \"1.2.3\": v in body must be of type ipv4: \"1.2.3\"")]
    [TestCase("""{"type":"string","format":"date-time"}""", "\"2024-02-30T00:00:00Z\"", "must be of type date-time")]
    [TestCase("""{"type":"string","format":"something"}""", "\"else\"", "")]
    [TestCase("""{"type":"string","pattern":"^a+$"}""", "\"aaa\\n\"", "should match '^a+$'")]
    [TestCase(
        """{"type":"string","anyOf":[{"pattern":"^a"},{"pattern":"^b"}]}""", "\"c\"", "\"v\" must validate at least one schema (anyOf)")]
    [TestCase("""{"type":"string","anyOf":[{"pattern":"^a"},{"pattern":"^b"}]}""", "\"b\"", "")]
    [TestCase("""{"type":"string","oneOf":[{"pattern":"a"},{"pattern":"b"}]}""", "\"ab\"", "must validate one and only one schema (oneOf). Found 2 valid")]
    [TestCase("""{"type":"string","allOf":[{"pattern":"a"},{"pattern":"b"}]}""", "\"a\"", "\"v\" must validate all the schemas (allOf)")]
    [TestCase("""{"type":"string","not":{"pattern":"a"}}""", "\"a\"", "\"v\" must not validate the schema (not)")]
    public void Values_are_checked(string schema, string value, string message)
    {
        var errors = Check(Root(schema), $$"""{"v":{{value}}}""");

        Assert.That(errors.Select(e => e.Detail), message.Length == 0 ? Is.Empty : Has.Some.Contains(message));
    }

    [Test]
    public void What_was_wrong_before_is_not_held_against_a_change_beside_it()
    {
        var schema = Root("""
            {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "properties":{"k":{"type":"string"},"n":{"type":"integer","maximum":5},"o":{"type":"string"}}}}
            """);
        var before = JsonNode.Parse("""{"v":[{"k":"a","n":9},{"k":"b","n":1}]}""");
        var beside = JsonNode.Parse("""{"v":[{"k":"b","n":1},{"k":"a","n":9,"o":"x"}]}""");
        var worse = JsonNode.Parse("""{"v":[{"k":"a","n":9},{"k":"b","n":8}]}""");

        Assert.That(SchemaValidator.Check(beside, before, schema), Is.Empty);
        Assert.That(SchemaValidator.Check(worse, before, schema).Select(e => e.Path), Is.EqualTo(["v[1].n"]));
    }

    [Test]
    public void Keys_come_once()
    {
        var schema = Root("""
            {"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object",
            "properties":{"k":{"type":"string"},"s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"integer"}}}}}
            """);
        var errors = ListKeyChecks.Check(JsonNode.Parse("""{"v":[{"k":"a","s":[1,2,1]},{"k":"b"},{"k":"a"}]}"""), schema);

        Assert.That(errors.Select(e => e.ToString()), Is.EquivalentTo([
            "v[2]: Duplicate value: {\"k\":\"a\"}", "v[0].s[2]: Duplicate value: 1"]));
    }

    [Test]
    public void Defaults_fill_what_is_absent_and_nulls_that_are_not_allowed()
    {
        var schema = CustomSchema.Of((JsonObject)JsonNode.Parse("""
            {"type":"object","properties":{"a":{"type":"integer","default":1},"b":{"type":"string","nullable":true,"default":"x"},
            "c":{"type":"object","properties":{"d":{"type":"boolean","default":true}}},"e":{"type":"string"},
            "f":{"type":"object","default":{},"properties":{"g":{"type":"integer","default":7}}},
            "h":{"type":"array","items":{"type":"object","properties":{"i":{"type":"integer","default":3}}}}}}
            """)!);
        var value = JsonNode.Parse("""{"a":null,"b":null,"e":null,"h":[{},{"i":1}]}""");
        SchemaDefaults.Apply(value, schema);

        Assert.That(
            JsonNode.DeepEquals(value, JsonNode.Parse("""{"a":1,"b":null,"h":[{"i":3},{"i":1}],"f":{"g":7}}""")),
            Is.True,
            value!.ToJsonString());
    }

    [Test]
    public void Pruning_stops_where_the_schema_says_so()
    {
        var schema = CustomSchema.Of((JsonObject)JsonNode.Parse("""
            {"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
            "in":{"type":"object","properties":{"known":{"type":"string"}}}}},
            "map":{"type":"object","additionalProperties":{"type":"object","properties":{"x":{"type":"integer"}}}},
            "pod":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}
            """)!);
        var value = (JsonObject)JsonNode.Parse("""
            {"kind":"K","apiVersion":"v","metadata":{"name":"n"},"other":1,"spec":{"free":{"x":1},"in":{"known":"y","un":2}},
            "map":{"a":{"x":1,"y":2}},"pod":{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"q":1},"z":1}}
            """)!;
        var unknown = new List<string>();
        SchemaPruner.PruneRoot(value, schema, unknown);

        Assert.That(unknown, Is.EquivalentTo(["other", "spec.in.un", "map.a.y", "pod.spec.q", "pod.z"]));
        Assert.That(JsonNode.DeepEquals(value, JsonNode.Parse("""
            {"kind":"K","apiVersion":"v","metadata":{"name":"n"},"spec":{"free":{"x":1},"in":{"known":"y"}},
            "map":{"a":{"x":1}},"pod":{"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{}}}
            """)), Is.True, value.ToJsonString());
    }

    [TestCase(".spec.replicas", "3")]
    [TestCase(".metadata.annotations['a\\.b/c']", "\"x\"")]
    [TestCase(".metadata.annotations.a\\.b/c", "\"x\"")]
    [TestCase(".status.conditions[?(@.type==\"Ready\")].status", "\"True\"")]
    [TestCase(".status.conditions[1].type", "\"Ready\"")]
    [TestCase(".status.conditions[-1].type", "\"Ready\"")]
    [TestCase(".status.conditions[*].type", "\"Old\" \"Ready\"")]
    [TestCase(".spec.nothing", "")]
    public void Paths_lead_to_values(string path, string expected)
    {
        var value = JsonNode.Parse("""
            {"metadata":{"annotations":{"a.b/c":"x"}},"spec":{"replicas":3},
            "status":{"conditions":[{"type":"Old"},{"type":"Ready","status":"True"}]}}
            """);

        Assert.That(string.Join(' ', FieldPath.Parse(path).Find(value).Select(JsonValues.Show)), Is.EqualTo(expected));
    }

    [TestCase("spec")]
    [TestCase(".spec..x")]
    [TestCase(".spec[")]
    [TestCase(".spec[?(@.a)]")]
    public void Paths_that_are_none_are_refused(string path) => Assert.That(() => FieldPath.Parse(path), Throws.TypeOf<FormatException>());

    [TestCase("uuid", "123e4567-e89b-12d3-a456-426614174000", true)]
    [TestCase("uuid4", "123e4567-e89b-12d3-a456-426614174000", false)]
    [TestCase("date", "2024-02-29", true)]
    [TestCase("date", "2023-02-29", false)]
    [TestCase("date-time", "2024-01-01T10:00:00.5+02:00", true)]
    [TestCase("date-time", "2024-01-01", false)]
    [TestCase("duration", "1h30m", true)]
    [TestCase("duration", "3 days", true)]
    [TestCase("duration", "soon", false)]
    [TestCase("email", "a@example.com", true)]
    [TestCase("email", "a", false)]
    [TestCase("hostname", "a-b.example", true)]
    [TestCase("hostname", "-a", false)]
    [TestCase("ipv6", "::1", true)]
    [TestCase("ipv6", "1.2.3.4", false)]
    [TestCase("cidr", "10.0.0.0/8", true)]
    [TestCase("cidr", "10.0.0.0/33", false)]
    [TestCase("uri", "https://a/b", true)]
    [TestCase("uri", "a b", false)]
    [TestCase("byte", "YWI=", true)]
    [TestCase("byte", "YW", false)]
    [TestCase("mac", "00:11:22:aa:bb:cc", true)]
    [TestCase("isbn13", "978-3-16-148410-0", true)]
    [TestCase("isbn10", "0-306-40615-2", true)]
    [TestCase("isbn10", "0-306-40615-3", false)]
    [TestCase("creditcard", "4111 1111 1111 1111", true)]
    [TestCase("hexcolor", "#ffaa00", true)]
    [TestCase("k8s-short-name", "Not-Lower", false)]
    public void Formats_are_known(string format, string text, bool fits) => Assert.That(SchemaFormats.Fits(format, text), Is.EqualTo(fits));

    [Test]
    public void Versions_have_an_order() => Assert.That(
        new[] { "v1beta1", "foo", "v10", "v2", "v1alpha2", "v1beta10", "v1", "bar" }.OrderByDescending(VersionRank.Of),
        Is.EqualTo(["v10", "v2", "v1", "v1beta10", "v1beta1", "v1alpha2", "bar", "foo"]));

    [TestCase("""{"type":"object","properties":{"a":{"type":"array"}}}""", "s.properties[a].items: Required value: must be specified")]
    [TestCase("""{"type":"object","properties":{"a":{"type":"string","anyOf":[{"type":"string"}]}}}""",
        "s.properties[a].anyOf[0].type: Forbidden: must be empty to be structural")]
    [TestCase("""{"type":"object","properties":{"a":{"type":"integer","default":"x"}}}""",
        "s.properties[a].default: Invalid value: \"string\":  in body must be of type integer: \"string\"")]
    [TestCase("""{"type":"object","properties":{"a":{"type":"string","pattern":"("}}}""", "must be a valid regular expression")]
    [TestCase("""{"type":"string"}""", "s.type: Invalid value: \"string\": must be object at the root")]
    [TestCase("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"object"},"x-kubernetes-list-type":"map"}}}""",
        "s.properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map")]
    [TestCase("""{"type":"object","properties":{"metadata":{"type":"object","properties":{"labels":{"type":"object"}}}}}""",
        "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified")]
    public void Schemas_are_structural(string schema, string message)
    {
        var errors = new List<FieldError>();
        StructuralChecks.CheckRoot((JsonObject)JsonNode.Parse(schema)!, "s", hasStatus: false, errors);

        Assert.That(errors.Select(e => e.ToString()), Has.Some.Contains(message));
    }

    private static IReadOnlyList<FieldError> Check(CustomSchema schema, string value) =>
        SchemaValidator.Check(JsonNode.Parse(value), null, schema);

    private static CustomSchema Root(string schema) =>
        CustomSchema.Of(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["v"] = JsonNode.Parse(schema) } });
}
