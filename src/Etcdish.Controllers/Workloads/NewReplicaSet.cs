using System.Text.Json.Nodes;
using Etcdish.Controllers.Ownership;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>The replica set of a deployment's present template.</summary>
internal static class NewReplicaSet
{
    private const int MaxNameLength = 253;

    /// <summary>The replica set to create.</summary>
    /// <param name="deployment">The deployment.</param>
    /// <param name="replicas">How many pods it begins with.</param>
    /// <param name="revision">The number of the roll-out.</param>
    public static JsonObject Make(Deployment deployment, int replicas, long revision)
    {
        var hash = TemplateHash.Of(deployment.Spec.Template.Json, deployment.Status.CollisionCount);
        var template = (JsonObject)deployment.Spec.Template.Json.DeepClone();
        Part(Part(template, "metadata"), "labels")[Rollout.HashLabel] = hash;
        var selector = deployment.Spec.SelectorJson?.DeepClone() as JsonObject ?? [];
        Part(selector, "matchLabels")[Rollout.HashLabel] = hash;
        var annotations = Revisions.Missing(deployment, null, revision);
        foreach (var (key, value) in Revisions.MissingSizes(deployment.Spec, null))
        {
            annotations[key] = value!.DeepClone();
        }

        return new JsonObject
        {
            ["apiVersion"] = Resources.ReplicaSets.ApiVersion,
            ["kind"] = Resources.ReplicaSets.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = Name(deployment.Metadata.Name, hash),
                ["namespace"] = deployment.Metadata.Namespace,
                ["labels"] = template["metadata"]!["labels"]!.DeepClone(),
                ["annotations"] = annotations,
                ["ownerReferences"] = new JsonArray(OwnerReference.ToController(Resources.Deployments, deployment)),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["minReadySeconds"] = deployment.Spec.MinReadySeconds,
                ["selector"] = selector,
                ["template"] = template,
            },
        };
    }

    /// <summary>The name of a deployment, shortened if need be, and the whole hash.</summary>
    internal static string Name(string deployment, string hash) =>
        $"{deployment.AsSpan(0, Math.Min(deployment.Length, MaxNameLength - 1 - hash.Length))}-{hash}";

    private static JsonObject Part(JsonObject value, string field)
    {
        if (value[field] is not JsonObject part)
        {
            value[field] = part = [];
        }

        return part;
    }
}
