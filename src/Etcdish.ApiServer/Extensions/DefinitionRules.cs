using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>The rules of custom resource definitions themselves.</summary>
internal static class DefinitionRules
{
    public static ResourceRules Rules { get; } = new()
    {
        HasGeneration = true,
        ApplyDefaults = ApplyDefaults,
        Prepare = Prepare,
        Validate = DefinitionChecks.Check,
        Warnings = Warnings,
        BeginDeletion = BeginDeletion,
    };

    private static void ApplyDefaults(JsonObject definition)
    {
        var spec = definition.Ensure("spec");
        var names = spec.Ensure("names");
        var kind = names.Text("kind");
        if (kind.Length > 0)
        {
#pragma warning disable CA1308 // The singular name of a resource is its kind in lower case.
            names.Default("singular", kind.ToLowerInvariant());
#pragma warning restore CA1308
            names.Default("listKind", kind + "List");
        }

        spec.Default("conversion", new JsonObject { ["strategy"] = "None" });
    }

    /// <summary>Notes the version in which objects are stored from now on, for there may be objects of it for ever.</summary>
    private static void Prepare(JsonObject definition, JsonObject? stored)
    {
        var status = definition.Ensure("status");
        if (status["storedVersions"] is not JsonArray versions)
        {
            status["storedVersions"] = versions = [];
        }

        foreach (var version in definition.Part("spec").Items("versions").OfType<JsonObject>())
        {
            var name = version.Text("name");
            if (version["storage"]?.GetValue<bool>() == true && !versions.Any(v => v?.GetValue<string>() == name))
            {
                versions.Add(name);
            }
        }
    }

    private static List<string> Warnings(JsonObject definition, JsonObject? stored)
    {
        var warnings = new List<string>();
        if (stored is not null && JsonNode.DeepEquals(definition["spec"], stored["spec"]))
        {
            return warnings;
        }

        var versions = definition.Part("spec").Items("versions").OfType<JsonObject>().ToArray();
        for (var i = 0; i < versions.Length; i++)
        {
            if (versions[i].Part("schema").Part("openAPIV3Schema") is { } schema && FindRule(schema, "openAPIV3Schema") is { } path)
            {
                warnings.Add(
                    $"spec.versions[{i}].schema.{path}.x-kubernetes-validations: rules are stored, but this server does not enforce them "
                    + "yet");
            }
        }

        return warnings;
    }

    /// <summary>The path of the first schema with rules, or null.</summary>
    private static string? FindRule(JsonObject schema, string path)
    {
        if (schema.Items("x-kubernetes-validations").Any())
        {
            return path;
        }

        foreach (var (name, property) in schema.Part("properties") ?? [])
        {
            if (property is JsonObject inner && FindRule(inner, $"{path}.properties[{name}]") is { } found)
            {
                return found;
            }
        }

        foreach (var field in new[] { "items", "additionalProperties" })
        {
            if (schema.Part(field) is { } inner && FindRule(inner, $"{path}.{field}") is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static void BeginDeletion(JsonObject definition)
    {
        var metadata = definition.Metadata();
        var finalizers = metadata.Items("finalizers").Select(f => f!.GetValue<string>()).Where(f => f != DefinitionCleanup.Finalizer);
        metadata["finalizers"] = new JsonArray([.. finalizers.Append(DefinitionCleanup.Finalizer).Select(f => (JsonNode)f)]);
        var now = metadata.Text("deletionTimestamp");
        Conditions.Set(
            definition.Ensure("status"),
            "Terminating",
            true,
            "InstanceDeletionPending",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            now);
    }
}
