using System.Text.Json;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>Says in documents which kind a schema or an operation is of.</summary>
internal readonly record struct GroupVersionKind(string Group, string Version, string Kind)
{
    public const string Extension = "x-kubernetes-group-version-kind";

    public static GroupVersionKind Of(string apiVersion, string kind)
    {
        var slash = apiVersion.IndexOf('/', StringComparison.Ordinal);
        return new GroupVersionKind(slash < 0 ? "" : apiVersion[..slash], apiVersion[(slash + 1)..], kind);
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("group", Group);
        writer.WriteString("kind", Kind);
        writer.WriteString("version", Version);
        writer.WriteEndObject();
    }
}
