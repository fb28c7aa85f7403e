using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// The pods that a controller makes (core/v1 PodTemplateSpec), whole: a template is copied into pods with all its fields, known or not.
/// </summary>
/// <param name="json">The template as it is stored. Never changed.</param>
public sealed class PodTemplate(JsonObject json)
{
    /// <summary>The template as it is stored. Never changed.</summary>
    public JsonObject Json { get; } = json;

    /// <summary>The labels of its pods.</summary>
    public Dictionary<string, string> Labels { get; } = (json["metadata"]?["labels"] as JsonObject ?? [])
        .ToDictionary(label => label.Key, label => label.Value?.GetValue<string>() ?? "");

    /// <summary>A new pod of it, managed by <paramref name="owner"/>.</summary>
    /// <param name="resource">The owner's resource.</param>
    /// <param name="owner">Who manages it.</param>
    /// <param name="generateName">What its name begins with; the owner's name and a dash if null.</param>
    public JsonObject MakePod(Client.ApiResource resource, KubernetesObject owner, string? generateName = null)
    {
        var metadata = new JsonObject { ["generateName"] = generateName ?? owner.Metadata.Name + "-" };
        foreach (var field in (string[])["labels", "annotations", "finalizers"])
        {
            if (Json["metadata"]?[field] is { } value)
            {
                metadata[field] = value.DeepClone();
            }
        }

        metadata["ownerReferences"] = new JsonArray(OwnerReference.ToController(resource, owner));
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = metadata,
            ["spec"] = Json["spec"]?.DeepClone() ?? new JsonObject(),
        };
    }
}
