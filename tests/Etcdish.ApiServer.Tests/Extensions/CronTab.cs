using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

/// <summary>A definition that uses most of what definitions can say, and objects of it.</summary>
internal static class CronTab
{
    public const string OldVersion = """
        {"name":"v1beta1","served":true,"storage":false,"deprecated":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
        "spec":{"type":"object","properties":{"cronSpec":{"type":"string"}}}}}}}
        """;

    private const string Version = """
        {"name":"v1","served":true,"storage":true,
        "subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}},
        "additionalPrinterColumns":[
        {"name":"Spec","type":"string","jsonPath":".spec.cronSpec"},
        {"name":"Replicas","type":"integer","jsonPath":".spec.replicas","priority":1},
        {"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}],
        "selectableFields":[{"jsonPath":".spec.replicas"}],
        "schema":{"openAPIV3Schema":{"type":"object","description":"A table of times.","required":["spec"],"properties":{
        "spec":{"type":"object","required":["cronSpec"],"properties":{
        "cronSpec":{"type":"string","description":"When to run.","pattern":"^(\\d+|\\*)(\\s+(\\d+|\\*)){4}$"},
        "replicas":{"type":"integer","minimum":0,"default":1},
        "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}},
        "status":{"type":"object","properties":{"replicas":{"type":"integer"}}}}}}}
        """;

    public static string Definition(params string[] moreVersions) => $$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"crontabs.stable.example.com"},
        "spec":{"group":"stable.example.com","scope":"Namespaced",
        "names":{"plural":"crontabs","kind":"CronTab","shortNames":["ct"],"categories":["all"]},
        "versions":[{{{string.Join(',', moreVersions.Prepend(Version))}}}]}}
        """;

    public static string Object(string name, string spec = "\"cronSpec\":\"* * * * *\"", string? finalizer = null)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (finalizer is not null)
        {
            metadata["finalizers"] = new JsonArray(finalizer);
        }

        return $$$"""{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{{{metadata.ToJsonString()}}},"spec":{ {{{spec}}} } }""";
    }
}
