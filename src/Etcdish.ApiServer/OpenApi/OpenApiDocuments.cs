using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>
/// The documents, each made when the first client asks for it. A document is of the resources that it was made from: when the directory has
/// others for its group version, the next who asks gets a new one. Safe for use by many threads.
/// </summary>
internal sealed class OpenApiDocuments(ResourceDirectory resources)
{
    public const string V3Root = "/openapi/v3";

    private const string V2Json = "v2";
    private const string V2Protobuf = "v2 protobuf";

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The index of the group versions' documents, whose addresses hold their hashes.</summary>
    public PackedDocument Index()
    {
        var paths = new JsonObject();
        foreach (var group in resources.All.GroupBy(PathOf, StringComparer.Ordinal))
        {
            paths[group.Key] = new JsonObject { ["serverRelativeURL"] = AddressOf(group.Key, Make(SpecForm.V3, group.Key, [.. group])) };
        }

        return PackedDocument.Of(ApiJson.Write(new JsonObject { ["paths"] = paths }));
    }

    /// <summary>The document of a group version by its path, such as <c>apis/apps/v1</c>; null if nothing of it is served.</summary>
    public PackedDocument? Find(string path)
    {
        var types = resources.All.Where(type => PathOf(type) == path).ToArray();
        if (types.Length > 0)
        {
            return Make(SpecForm.V3, path, types);
        }

        _entries.TryRemove(path, out _);
        return null;
    }

    /// <summary>The address at which the document of a group version may be kept for ever.</summary>
    public static string AddressOf(string path, PackedDocument document) => $"{V3Root}/{path}?hash={document.Hash}";

    /// <summary>The one document of version 2, as JSON or as protobuf.</summary>
    public PackedDocument Whole(bool isProtobuf) => Make(SpecForm.V2, isProtobuf ? V2Protobuf : V2Json, [.. resources.All]);

    private static string PathOf(ResourceType type) =>
        type.Info.Group.Length == 0 ? $"api/{type.Info.Version}" : $"apis/{type.Info.Group}/{type.Info.Version}";

    private PackedDocument Make(SpecForm form, string key, ResourceType[] types)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(key, _ => Start());
            if (entry.Types.AsSpan().SequenceEqual(types))
            {
                return entry.Document.Value;
            }

            _entries.TryUpdate(key, Start(), entry);
        }

        Entry Start() => new(types, new Lazy<PackedDocument>(() => Pack(form, key, types)));
    }

    private static PackedDocument Pack(SpecForm form, string key, ResourceType[] types)
    {
        var json = OpenApiDocument.Write(form, types);
        return PackedDocument.Of(key == V2Protobuf ? SwaggerProtobuf.Encode(json) : json.Span);
    }

    private sealed record Entry(ResourceType[] Types, Lazy<PackedDocument> Document);
}
