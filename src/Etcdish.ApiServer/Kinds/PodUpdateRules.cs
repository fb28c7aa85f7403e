using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What of a pod may change once it is there: nearly nothing.</summary>
internal static class PodUpdateRules
{
    private const string Updatable = "pod updates may not change fields other than `spec.containers[*].image`,"
        + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private static readonly string[] _containerLists = ["containers", "initContainers"];

    /// <summary>Checks a change of a pod's spec, its ephemeral containers and resources aside: these change by subresources.</summary>
    public static void Check(CheckedField spec, CheckedField stored)
    {
        foreach (var list in _containerLists)
        {
            if (spec[list].Count != stored[list].Count)
            {
                spec[list].Forbidden("pod updates may not add or remove containers");
                return;
            }
        }

        if (!CheckDeadline(spec["activeDeadlineSeconds"], stored["activeDeadlineSeconds"].Number))
        {
            return;
        }

        CheckTolerations(spec["tolerations"], stored["tolerations"]);
        CheckGates(spec["schedulingGates"], stored["schedulingGates"]);
        if (spec.Value is not JsonObject wanted || stored.Value is not JsonObject before || CommonChecks.Alike(wanted, before))
        {
            return;
        }

        var allowed = WithAllowedChanges(before, wanted);
        if (stored["schedulingGates"].Count > 0)
        {
            AllowPlacement(spec, stored, allowed, wanted);
        }

        if (!CommonChecks.Alike(allowed, wanted))
        {
            spec.Forbidden($"{Updatable}\n{JsonDifference.Describe(before, wanted)}");
        }
    }

    /// <summary>Containers that look in are added, and then stay as they are.</summary>
    public static void CheckEphemeral(CheckedField containers, CheckedField stored)
    {
        foreach (var old in stored.Items)
        {
            var name = old["name"].Text;
            var isKept = false;
            foreach (var container in containers.Items)
            {
                if (container["name"].Text != name)
                {
                    continue;
                }

                isKept = true;
                if (!CommonChecks.Alike(container.Value, old.Value))
                {
                    containers.Forbidden($"existing ephemeral containers \"{name}\" may not be changed\n");
                }
            }

            if (!isKept)
            {
                containers.Forbidden($"existing ephemeral containers \"{name}\" may not be removed\n");
            }
        }
    }

    private static bool CheckDeadline(CheckedField deadline, long? before)
    {
        if (deadline.Number is not { } seconds)
        {
            if (before is not null)
            {
                deadline.Invalid("must not update from a positive integer to nil value");
            }

            return true;
        }

        if (seconds is < 0 or > int.MaxValue)
        {
            deadline.Invalid(CommonChecks.InclusiveRange(0, int.MaxValue));
            return false;
        }

        if (seconds > before)
        {
            deadline.Invalid("must be less than or equal to previous value");
            return false;
        }

        return true;
    }

    private static void CheckTolerations(CheckedField tolerations, CheckedField stored)
    {
        foreach (var old in stored.Items)
        {
            var isKept = false;
            foreach (var toleration in tolerations.Items)
            {
                isKept |= IsSame(old.Value as JsonObject, toleration.Value as JsonObject);
            }

            if (!isKept)
            {
                tolerations.Forbidden("existing toleration can not be modified except its tolerationSeconds");
                return;
            }
        }
    }

    private static bool IsSame(JsonObject? left, JsonObject? right) => left.Text("key") == right.Text("key")
        && left.Text("operator") == right.Text("operator") && left.Text("value") == right.Text("value")
        && left.Text("effect") == right.Text("effect");

    private static void CheckGates(CheckedField gates, CheckedField stored)
    {
        foreach (var gate in gates.Items)
        {
            var isKnown = false;
            foreach (var old in stored.Items)
            {
                isKnown |= old["name"].Text == gate["name"].Text;
            }

            if (!isKnown)
            {
                gate["name"].Forbidden($"only deletion is allowed, but found new scheduling gate '{gate["name"].Text}'");
            }
        }
    }

    /// <summary>The stored spec with the wanted values of all fields that may change.</summary>
    private static JsonObject WithAllowedChanges(JsonObject before, JsonObject wanted)
    {
        var result = (JsonObject)before.DeepClone();
        foreach (var list in _containerLists)
        {
            foreach (var (container, other) in result.Objects(list).Zip(wanted.Objects(list)))
            {
                container.CopyFrom(other, "image");
            }
        }

        result.CopyFrom(wanted, "activeDeadlineSeconds");
        result.CopyFrom(wanted, "tolerations");
        result.CopyFrom(wanted, "schedulingGates");
        if (before.Number("terminationGracePeriodSeconds") < 0 && wanted.Number("terminationGracePeriodSeconds") == 1)
        {
            result["terminationGracePeriodSeconds"] = 1;
        }

        return result;
    }

    /// <summary>While it is held back from scheduling, a pod may be told more closely where to run.</summary>
    private static void AllowPlacement(CheckedField spec, CheckedField stored, JsonObject allowed, JsonObject wanted)
    {
        var selector = spec["nodeSelector"];
        foreach (var (key, value) in stored["nodeSelector"].Entries)
        {
            if (selector[key].Text != value.Text)
            {
                selector.Invalid("only additions to nodeSelector are allowed (no mutations or deletions)");
                break;
            }
        }

        allowed.CopyFrom(wanted, "nodeSelector");
        var affinity = spec["affinity"]["nodeAffinity"];
        var terms = stored["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
        var wantedTerms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"];
        if (terms.Count > 0 && wantedTerms.Count != terms.Count)
        {
            wantedTerms.Invalid("no additions/deletions to non-empty NodeSelectorTerms list are allowed");
        }

        var part = (allowed["affinity"] as JsonObject)?.DeepClone() as JsonObject ?? [];
        part.CopyFrom(wanted.Part("affinity"), "nodeAffinity");
        if (part.Count > 0 || wanted["affinity"] is not null)
        {
            allowed["affinity"] = part;
        }
        else
        {
            allowed.Remove("affinity");
        }
    }
}
