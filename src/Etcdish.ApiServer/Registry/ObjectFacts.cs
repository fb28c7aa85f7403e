using System.Text.Json;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>What selectors look at of an object, read once for all who select.</summary>
internal sealed class ObjectFacts
{
    private readonly Dictionary<string, string> _fields = new(StringComparer.Ordinal);

    public ObjectFacts(ReadOnlyMemory<byte> stored, ResourceInfo resource)
    {
        using var document = JsonDocument.Parse(stored, new JsonDocumentOptions { MaxDepth = 512 });
        var root = document.RootElement;
        Labels = ReadLabels(root);
        foreach (var field in (string[])["metadata.name", "metadata.namespace", .. resource.SelectableFields])
        {
            _fields[field] = FieldText.Read(root, field);
        }
    }

    public Dictionary<string, string> Labels { get; }

    /// <summary>The text of a field that can be selected by.</summary>
    public string Field(string name) => _fields[name];

    public static Dictionary<string, string> ReadLabels(JsonElement root)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (root.TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("labels", out var found)
            && found.ValueKind == JsonValueKind.Object)
        {
            foreach (var label in found.EnumerateObject())
            {
                labels[label.Name] = label.Value.GetString() ?? "";
            }
        }

        return labels;
    }
}
