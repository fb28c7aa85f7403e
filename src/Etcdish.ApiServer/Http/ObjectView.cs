using System.Buffers;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Tables;

namespace Etcdish.ApiServer.Http;

/// <summary>Writes objects and lists in the form that a request asked for.</summary>
internal sealed class ObjectView(ApiRequest request, TableBuilder tables)
{
    /// <summary>A single object.</summary>
    public ReadOnlyMemory<byte> One(ReadOnlyMemory<byte> stored, long revision)
    {
        var output = new ArrayBufferWriter<byte>(stored.Length + 64);
        WriteOne(output, stored.Span, revision, withColumns: true);
        return output.WrittenMemory;
    }

    /// <summary>A single object, as answers and events hold it.</summary>
    /// <param name="output">Where it goes.</param>
    /// <param name="stored">The object.</param>
    /// <param name="revision">Its revision; 0 for none.</param>
    /// <param name="withColumns">Whether a table tells its columns; of a watch, only the first one does.</param>
    public void WriteOne(IBufferWriter<byte> output, ReadOnlySpan<byte> stored, long revision, bool withColumns)
    {
        switch (request.Representation)
        {
            case Representation.Table:
                ApiJson.Write(
                    output, tables.Build(request.Type, [Parse(stored, revision)], request.IncludeObject, ListMeta(revision), withColumns));
                break;
            case Representation.Metadata:
                ApiJson.Write(output, MetadataOnly(Parse(stored, revision)));
                break;
            default:
                WriteObject(output, stored, revision);
                break;
        }
    }

    /// <summary>The object of a bookmark: its kind, and how far the watch has come.</summary>
    public JsonObject Bookmark(long revision, bool endsInitialEvents)
    {
        var (kind, apiVersion) = request.Representation switch
        {
            Representation.Table => ("Table", "meta.k8s.io/v1"),
            Representation.Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1"),
            _ => (request.Type.Info.Kind, request.Type.Info.ApiVersion),
        };
        var metadata = new JsonObject { ["resourceVersion"] = Revisions.Format(revision), ["creationTimestamp"] = null };
        if (endsInitialEvents)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        if (request.Representation != Representation.Table)
        {
            return new JsonObject { ["kind"] = kind, ["apiVersion"] = apiVersion, ["metadata"] = metadata };
        }

        var row = new JsonObject
        {
            ["cells"] = new JsonArray(),
            ["object"] = new JsonObject
            {
                ["kind"] = request.Type.Info.Kind,
                ["apiVersion"] = request.Type.Info.ApiVersion,
                ["metadata"] = metadata,
            },
        };
        return new JsonObject
        {
            ["kind"] = kind,
            ["apiVersion"] = apiVersion,
            ["metadata"] = ListMeta(revision),
            ["columnDefinitions"] = new JsonArray(),
            ["rows"] = new JsonArray(row),
        };
    }

    private static JsonObject ListMeta(long revision) => new() { ["resourceVersion"] = Revisions.Format(revision) };

    /// <summary>An object as clients see it, to be looked into. What is not stored has no revision, which is 0.</summary>
    public static JsonObject Parse(ReadOnlySpan<byte> stored, long revision)
    {
        var value = ApiJson.Parse(stored);
        if (revision > 0)
        {
            value.Metadata()["resourceVersion"] = Revisions.Format(revision);
        }

        return value;
    }

    private static JsonObject MetadataOnly(JsonObject value) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = value["metadata"]!.DeepClone(),
    };

    private static void WriteObject(IBufferWriter<byte> output, ReadOnlySpan<byte> stored, long revision)
    {
        if (revision > 0)
        {
            ObjectBytes.Write(output, stored, revision);
        }
        else
        {
            output.Write(stored);
        }
    }
}
