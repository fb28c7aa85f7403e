using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>The annotation in which kubectl's apply without the server keeps what it applied last.</summary>
internal static class LastApplied
{
    /// <summary>The manager whose applies know the annotation; other names opt out of it.</summary>
    public const string Manager = "kubectl";

    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>What the annotation holds, or null if there is none or it is no object.</summary>
    public static JsonObject? Read(JsonObject live)
    {
        if (TextOf(live) is not { } text)
        {
            return null;
        }

        try
        {
            return JsonTree.ParseObject(Encoding.UTF8.GetBytes(text));
        }
        catch (ObjectFormatException)
        {
            // Anybody may have written the annotation; what is no object excuses no conflict.
            return null;
        }
    }

    public static bool IsFor(JsonObject config, string apiVersion) =>
        config["apiVersion"] is JsonValue value && value.TryGetValue<string>(out var text) && text == apiVersion;

    /// <summary>Brings the annotation, where there is one, up to what was applied now.</summary>
    public static void Refresh(JsonObject result, JsonObject config)
    {
        if (TextOf(result) is null)
        {
            return;
        }

        var copy = config.DeepClone().AsObject();
        (copy["metadata"]?["annotations"] as JsonObject)?.Remove(Annotation);
        var annotations = result["metadata"]!["annotations"]!.AsObject();
        annotations[Annotation] = Encoding.UTF8.GetString(JsonTree.ToBytes(copy)) + "\n";
        var size = annotations.Sum(a => Encoding.UTF8.GetByteCount(a.Key) + Encoding.UTF8.GetByteCount(a.Value?.ToString() ?? ""));
        if (size > NameRules.MaxAnnotationBytes)
        {
            annotations.Remove(Annotation);
        }
    }

    private static string? TextOf(JsonObject live) =>
        live["metadata"] is JsonObject metadata && metadata["annotations"] is JsonObject annotations
            && annotations[Annotation] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0
            ? text
            : null;
}
