using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What of a pod's resources may change while it runs: processor and memory of what keeps running.</summary>
internal static class PodResizeRules
{
    private const string OnlyComputed = "only cpu and memory resources are mutable";

    /// <summary>Checks a change of resources.</summary>
    public static void Check(CheckedField pod, CheckedField stored)
    {
        var spec = pod["spec"];
        if (HasOwnResources(stored["spec"]) || HasOwnResources(spec))
        {
            pod.Forbidden("pods with pod-level resources cannot be resized");
            return;
        }

        if (pod.Value is not JsonObject value || stored.Value is not JsonObject before)
        {
            return;
        }

        if (PodResources.Quality(value.Part("spec")) != PodResources.Quality(before.Part("spec")))
        {
            spec.Invalid("Pod QOS Class may not change as a result of resizing", before.Part("status").Text("qosClass"));
        }

        CheckList(spec, "initContainers", stored["spec"], sidecarsOnly: true);
        CheckList(spec, "containers", stored["spec"], sidecarsOnly: false);
    }

    private static bool HasOwnResources(CheckedField spec) => spec["resources"]["requests"].Count + spec["resources"]["limits"].Count > 0;

    private static void CheckList(CheckedField spec, string list, CheckedField stored, bool sidecarsOnly)
    {
        for (var i = 0; i < stored[list].Count; i++)
        {
            var container = spec[list][i];
            var old = stored[list][i];
            if (sidecarsOnly && old["restartPolicy"].Text != "Always")
            {
                if (!CommonChecks.Alike(container.Value, old.Value))
                {
                    spec.Forbidden("resources for non-sidecar init containers are immutable");
                }

                continue;
            }

            CheckKept(container["resources"], old["resources"]);
            if (!CommonChecks.Alike(Uncomputed(container), Uncomputed(old)))
            {
                spec.Forbidden(sidecarsOnly ? "only cpu and memory resources for sidecar containers are mutable" : OnlyComputed);
            }
        }
    }

    private static void CheckKept(CheckedField resources, CheckedField old)
    {
        foreach (var kind in (ReadOnlySpan<string>)["requests", "limits"])
        {
            foreach (var (name, _) in old[kind].Entries)
            {
                if (!resources[kind][name].IsSet)
                {
                    resources[kind].Forbidden($"resource {kind} cannot be removed");
                    break;
                }
            }
        }
    }

    /// <summary>A container less what may change.</summary>
    private static JsonObject Uncomputed(CheckedField container)
    {
        var copy = container.Value is JsonObject value ? (JsonObject)value.DeepClone() : [];
        foreach (var kind in (ReadOnlySpan<string>)["requests", "limits"])
        {
            var amounts = copy.Ensure("resources").Ensure(kind);
            amounts.Remove("cpu");
            amounts.Remove("memory");
        }

        return copy;
    }
}
