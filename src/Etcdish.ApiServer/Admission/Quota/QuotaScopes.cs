using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>Which objects a quota counts: all, or only those in all of its scopes.</summary>
internal static class QuotaScopes
{
    public static bool Match(JsonObject quota, ResourceInfo resource, JsonObject value)
    {
        var spec = quota.Part("spec");
        foreach (var scope in spec.Items("scopes"))
        {
            if (!Matches(scope!.ToString(), "Exists", [], resource, value))
            {
                return false;
            }
        }

        foreach (var term in spec.Part("scopeSelector").Items("matchExpressions").OfType<JsonObject>())
        {
            string[] values = [.. term.Items("values").Select(v => v!.ToString())];
            if (!Matches(term.Text("scopeName"), term.Text("operator"), values, resource, value))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a quota counts only the pods that ask for nothing, which need not say how much that is.</summary>
    public static bool IsBestEffortOnly(JsonObject quota) =>
        quota.Part("spec").Items("scopes").Any(scope => scope!.ToString() == "BestEffort")
        || quota.Part("spec").Part("scopeSelector").Items("matchExpressions").OfType<JsonObject>()
            .Any(term => term.Text("scopeName") == "BestEffort");

    private static bool Matches(string scope, string operation, string[] values, ResourceInfo resource, JsonObject value)
    {
        if (resource is { Group: "", Kind: "PersistentVolumeClaim" })
        {
            return scope == "VolumeAttributesClass" && Selects(value.Part("spec").Text("volumeAttributesClassName"), operation, values);
        }

        if (resource is not { Group: "", Kind: "Pod" })
        {
            return false;
        }

        var spec = value.Part("spec");
        return scope switch
        {
            "Terminating" => spec.Number("activeDeadlineSeconds") is not null,
            "NotTerminating" => spec.Number("activeDeadlineSeconds") is null,
            "BestEffort" => PodResources.Quality(spec) == "BestEffort",
            "NotBestEffort" => PodResources.Quality(spec) != "BestEffort",
            "PriorityClass" => Selects(spec.Text("priorityClassName"), operation, values),
            "CrossNamespacePodAffinity" => CrossesNamespaces(spec.Part("affinity")),
            _ => false,
        };
    }

    private static bool Selects(string name, string operation, string[] values) => operation switch
    {
        "In" => name.Length > 0 && values.Contains(name),
        "NotIn" => !values.Contains(name),
        "DoesNotExist" => name.Length == 0,
        _ => name.Length > 0,
    };

    private static bool CrossesNamespaces(JsonObject? affinity)
    {
        foreach (var kind in new[] { "podAffinity", "podAntiAffinity" })
        {
            var part = affinity.Part(kind);
            var terms = part.Items("requiredDuringSchedulingIgnoredDuringExecution").OfType<JsonObject>()
                .Concat(part.Items("preferredDuringSchedulingIgnoredDuringExecution").OfType<JsonObject>()
                    .Select(term => term.Part("podAffinityTerm")));
            if (terms.Any(term => term.Items("namespaces").Any() || term.Part("namespaceSelector") is not null))
            {
                return true;
            }
        }

        return false;
    }
}
