using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.StatefulSets;

/// <summary>Makes the pods of stateful sets, and their claims.</summary>
internal static class StatefulPods
{
    /// <summary>A new pod.</summary>
    /// <param name="set">Its set.</param>
    /// <param name="template">What it is made of: the set's template now, or an earlier one.</param>
    /// <param name="revision">The name of the template's revision.</param>
    /// <param name="ordinal">Its number.</param>
    public static JsonObject Make(StatefulSet set, PodTemplate template, string revision, int ordinal)
    {
        var pod = template.MakePod(Resources.StatefulSets, set);
        var metadata = pod["metadata"]!.AsObject();
        var name = StatefulIdentity.PodName(set, ordinal);
        metadata.Remove("generateName");
        metadata["name"] = name;
        if (metadata["labels"] is not JsonObject labels)
        {
            metadata["labels"] = labels = [];
        }

        labels[StatefulIdentity.PodNameLabel] = name;
        labels[StatefulIdentity.PodIndexLabel] = ordinal.ToString(CultureInfo.InvariantCulture);
        labels[StatefulIdentity.RevisionLabel] = revision;
        var spec = pod["spec"]!.AsObject();
        spec["hostname"] = name;
        if (set.Spec.ServiceName.Length > 0)
        {
            spec["subdomain"] = set.Spec.ServiceName;
        }

        UseClaims(set, spec, ordinal);
        return pod;
    }

    /// <summary>A new claim of a pod.</summary>
    /// <param name="set">The set.</param>
    /// <param name="template">The claim's template.</param>
    /// <param name="ordinal">The pod's number.</param>
    public static JsonObject MakeClaim(StatefulSet set, JsonObject template, int ordinal)
    {
        var claim = (JsonObject)template.DeepClone();
        claim.Remove("status");
        if (claim["metadata"] is not JsonObject metadata)
        {
            claim["metadata"] = metadata = [];
        }

        if (metadata["labels"] is not JsonObject labels)
        {
            metadata["labels"] = labels = [];
        }

        foreach (var requirement in set.Spec.Selector.Requirements)
        {
            if (requirement is { Operator: LabelOperator.In, Values: [var value] })
            {
                labels[requirement.Key] = value;
            }
        }

        metadata["name"] = StatefulIdentity.ClaimName(set, TemplateName(template), ordinal);
        if (set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted == "Delete")
        {
            metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.StatefulSets, set));
        }

        return claim;
    }

    /// <summary>The name of a claim's template, which is also that of the pod's volume.</summary>
    public static string TemplateName(JsonObject template) => template["metadata"]?["name"]?.GetValue<string>() ?? "";

    /// <summary>Volumes of claims come first, and stand for those of the same name in the template.</summary>
    private static void UseClaims(StatefulSet set, JsonObject spec, int ordinal)
    {
        if (set.Spec.VolumeClaimTemplates.Length == 0)
        {
            return;
        }

        var names = set.Spec.VolumeClaimTemplates.Select(TemplateName).ToList();
        var volumes = new JsonArray();
        foreach (var name in names)
        {
            volumes.Add(new JsonObject
            {
                ["name"] = name,
                ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = StatefulIdentity.ClaimName(set, name, ordinal) },
            });
        }

        foreach (var other in spec["volumes"] as JsonArray ?? [])
        {
            if (other?["name"]?.GetValue<string>() is { } name && !names.Contains(name))
            {
                volumes.Add(other.DeepClone());
            }
        }

        spec["volumes"] = volumes;
    }
}
