using System.Text.Json.Nodes;
using Etcdish.ApiServer.OpenApi;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tests;

public sealed class OpenApiDocumentTests
{
    private static readonly ResourceDirectory _resources = new(SchemaCatalog.BuiltIn, "/test/");
    private static readonly JsonObject _v2 = Write(SpecForm.V2, _resources.All);
    private static readonly JsonObject _v3 = Write(SpecForm.V3, _resources.All);

    private static IEnumerable<string> Groups => _resources.All.Select(type => type.Info.ApiVersion).Distinct();

    [TestCaseSource(nameof(Groups))]
    public void Every_reference_of_a_document_leads_to_a_schema_in_it(string apiVersion)
    {
        var document = Write(SpecForm.V3, _resources.All.Where(type => type.Info.ApiVersion == apiVersion));
        var schemas = document["components"]!["schemas"]!.AsObject();

        Assert.That(References(document), Is.Not.Empty.And.SubsetOf(schemas.Select(s => "#/components/schemas/" + s.Key).ToArray()));
    }

    [Test]
    public void Every_reference_of_version_2_leads_to_a_definition() =>
        Assert.That(
            References(_v2), Is.Not.Empty.And.SubsetOf(_v2["definitions"]!.AsObject().Select(s => "#/definitions/" + s.Key).ToArray()));

    [Test]
    public void Every_kind_that_can_be_patched_says_so_with_fieldValidation()
    {
        Assert.Multiple(() =>
        {
            foreach (var info in _resources.All.Select(type => type.Info).Where(info => info.Verbs.Contains("patch")))
            {
                foreach (var document in new[] { _v2, _v3 })
                {
                    var patches = document["paths"]!.AsObject()
                        .Select(path => path.Value!["patch"]).Where(patch => IsOf(patch, info)).ToArray();

                    Assert.That(patches, Is.Not.Empty, info.Kind);
                    Assert.That(patches.Select(Parameters), Has.All.Contain("fieldValidation").And.All.Contain("force"), info.Kind);
                }
            }
        });
    }

    [Test]
    public void Every_kind_and_its_list_have_a_schema_that_says_so()
    {
        var kinds = _v3["components"]!["schemas"]!.AsObject()
            .SelectMany(schema => schema.Value!["x-kubernetes-group-version-kind"]?.AsArray() ?? [])
            .Select(kind => $"{kind!["group"]}/{kind["version"]}/{kind["kind"]}")
            .ToArray();
        var wanted = _resources.All.Select(type => $"{type.Info.Group}/{type.Info.Version}/{type.Info.Kind}").ToArray();

        Assert.That(kinds, Is.Unique);
        Assert.That(wanted, Is.SubsetOf(kinds));
        var lists = _resources.All.Where(t => t.Info.Verbs.Contains("list")).Select(t => $"{t.Info.Group}/{t.Info.Version}/{t.ListKind}");
        Assert.That(lists, Is.SubsetOf(kinds));
    }

    [Test]
    public void Operations_have_names_of_their_own_and_answer_to_the_verbs_of_the_table()
    {
        var paths = _v3["paths"]!.AsObject();
        var ids = paths.SelectMany(path => path.Value!.AsObject())
            .Where(o => o.Key != "parameters").Select(o => (string)o.Value!["operationId"]!);

        Assert.That(ids, Is.Unique);
        Assert.Multiple(() =>
        {
            Assert.That(Methods("/api/v1/namespaces/{namespace}/pods"), Is.EquivalentTo(["get", "post", "delete"]));
            Assert.That(Methods("/api/v1/namespaces/{namespace}/pods/{name}"), Is.EquivalentTo(["get", "put", "patch", "delete"]));
            Assert.That(Methods("/api/v1/pods"), Is.EquivalentTo(["get"]));
            Assert.That(Methods("/api/v1/namespaces"), Is.EquivalentTo(["get", "post"]), "namespaces are deleted one by one");
            Assert.That(Parameters(paths["/api/v1/pods"]!["get"]), Does.Contain("labelSelector").And.Contain("watch").And.Contain("limit"));
            Assert.That(Parameters(paths["/api/v1/namespaces/{namespace}/pods/{name}"]), Is.EqualTo(["name", "namespace", "pretty"]));
        });
    }

    [Test]
    public void A_property_says_what_it_is_in_words_and_rules()
    {
        var schemas = _v3["components"]!["schemas"]!;
        var spec = schemas["io.k8s.api.apps.v1.DeploymentSpec"]!;
        var strategy = schemas["io.k8s.api.apps.v1.DeploymentStrategy"]!;
        var condition = schemas["io.k8s.api.core.v1.NodeCondition"]!;
        var containers = schemas["io.k8s.api.core.v1.PodSpec"]!["properties"]!["containers"]!;

        Assert.Multiple(() =>
        {
            Assert.That(spec["required"]!.ToJsonString(), Is.EqualTo("""["selector","template"]"""));
            Assert.That(Answer.Read(spec, "properties.replicas.format"), Is.EqualTo("int32"));
            Assert.That(Answer.Read(spec, "properties.replicas.description"), Does.Contain("Default 1"));
            Assert.That(Answer.Read(spec, "properties.strategy.x-kubernetes-patch-strategy"), Is.EqualTo("retainKeys"));
            Assert.That(strategy["properties"]!["type"]!["enum"]!.ToJsonString(), Is.EqualTo("""["Recreate","RollingUpdate"]"""));
            Assert.That(Answer.Read(containers, "x-kubernetes-patch-merge-key"), Is.EqualTo("name"));
            Assert.That(Answer.Read(containers, "x-kubernetes-list-map-keys.0"), Is.EqualTo("name"));
            Assert.That(Answer.Read(containers, "items.$ref"), Is.EqualTo("#/components/schemas/io.k8s.api.core.v1.Container"));
            Assert.That(Answer.Read(condition, "properties.type.description"), Does.Contain("Known values: Ready,"));
        });
    }

    [Test]
    public void The_protobuf_form_of_version_2_says_what_the_JSON_form_says()
    {
        var message = SwaggerProtobuf.Encode(OpenApiDocument.Write(SpecForm.V2, _resources.All)).ToArray();
        var document = ProtobufFields.Read(message);
        var definitions = document.Single(9).Named(1);
        var deployment = definitions["io.k8s.api.apps.v1.Deployment"];
        var strategy = definitions["io.k8s.api.apps.v1.DeploymentSpec"].Single(25).Named(1)["strategy"];
        var path = document.Single(8).Named(2)["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
        var patch = path.Single(8);
        var parameters = patch.All(8).Select(item => item.Single(1)).ToArray();

        Assert.Multiple(() =>
        {
            Assert.That(document.Text(1), Is.EqualTo("2.0"));
            Assert.That(definitions.Keys, Is.EqualTo(_v2["definitions"]!.AsObject().Select(d => d.Key)));
            Assert.That(document.Single(8).Named(2).Keys, Is.EqualTo(_v2["paths"]!.AsObject().Select(p => p.Key)));
            Assert.That(deployment.Text(4), Does.StartWith("Keeps a number of equal pods"));
            Assert.That(deployment.Single(22).Text(1), Is.EqualTo("object"));
            Assert.That(strategy.Text(1), Is.EqualTo("#/definitions/io.k8s.api.apps.v1.DeploymentStrategy"));
            Assert.That(strategy.Named(31)["x-kubernetes-patch-strategy"].Text(2), Is.EqualTo("\"retainKeys\""));
            Assert.That(parameters[0].Single(1).Text(2), Is.EqualTo("body"));
            Assert.That(parameters[3].Single(2).Single(3).Text(4), Is.EqualTo("fieldValidation"));
            Assert.That(path.All(9)[0].Single(1).Single(2).Single(4).Text(4), Is.EqualTo("name"));
            Assert.That(patch.Named(13)["x-kubernetes-group-version-kind"].Text(2), Does.Contain("\"kind\":\"Deployment\""));
        });
    }

    private static JsonObject Write(SpecForm form, IEnumerable<ResourceType> types) =>
        JsonNode.Parse(OpenApiDocument.Write(form, types).Span)!.AsObject();

    private static string[] Methods(string path) =>
        [.. _v3["paths"]![path]!.AsObject().Select(o => o.Key).Where(key => key != "parameters")];

    private static string[] Parameters(JsonNode? holder) => [.. holder!["parameters"]!.AsArray().Select(p => (string)p!["name"]!)];

    private static bool IsOf(JsonNode? operation, ResourceInfo info) =>
        operation?["x-kubernetes-group-version-kind"] is { } kind
        && ((string?)kind["group"], (string?)kind["version"], (string?)kind["kind"]) == (info.Group, info.Version, info.Kind);

    private static HashSet<string> References(JsonNode document)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        Visit(document);
        return found;

        void Visit(JsonNode? node)
        {
            switch (node)
            {
                case JsonArray list:
                    foreach (var item in list)
                    {
                        Visit(item);
                    }

                    break;
                case JsonObject map:
                    // A property of a custom resource's schema may have the name "$ref"; then it is an object.
                    if (map["$ref"] is JsonValue reference)
                    {
                        found.Add((string)reference!);
                    }

                    foreach (var (_, value) in map)
                    {
                        Visit(value);
                    }

                    break;
            }
        }
    }
}
