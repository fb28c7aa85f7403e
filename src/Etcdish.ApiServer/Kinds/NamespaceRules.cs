using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Namespaces.</summary>
internal static class NamespaceRules
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public static void ApplyDefaults(JsonObject value)
    {
        if (value.Name() is { Length: > 0 } name)
        {
            value.Metadata().Ensure("labels")[NameLabel] = name;
        }
    }

    public static void Prepare(JsonObject value, JsonObject? stored)
    {
        if (stored is null)
        {
            value.Ensure("spec")["finalizers"] = new JsonArray("kubernetes");
            value["status"] = new JsonObject { ["phase"] = "Active" };
        }
    }

    public static void Check(CheckedField value, CheckedField stored)
    {
        foreach (var finalizer in value["spec"]["finalizers"].Items)
        {
            finalizer.Check(NameRules.QualifiedName);
            if (!finalizer.Text.Contains('/', StringComparison.Ordinal)
                && finalizer.Text is not ("kubernetes" or "orphan" or "foregroundDeletion"))
            {
                finalizer.Invalid("name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    }
}
