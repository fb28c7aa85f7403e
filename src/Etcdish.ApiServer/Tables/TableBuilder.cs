using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Tables;

/// <summary>Makes Table objects: what kubectl prints.</summary>
/// <param name="clock">The clock of ages.</param>
internal sealed class TableBuilder(TimeProvider clock)
{
    public JsonObject Build(
        ResourceType type, IEnumerable<JsonObject> objects, string includeObject, JsonObject listMeta, bool withColumns)
    {
        var rows = new JsonArray([.. objects.Select(value => Row(type, value, includeObject))]);
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = listMeta,
            ["columnDefinitions"] = withColumns ? Columns(type) : null,
            ["rows"] = rows,
        };
    }

    /// <summary>One row, which takes the object over.</summary>
    /// <exception cref="ApiException"><paramref name="includeObject"/> is unknown.</exception>
    public JsonObject Row(ResourceType type, JsonObject value, string includeObject)
    {
        var now = clock.GetUtcNow();
        return new JsonObject
        {
            ["cells"] = type.Columns?.Cells(value, now) ?? new JsonArray([.. CellFunctions.Of(type.Info).Select(cell => cell(value, now))]),
            ["object"] = includeObject switch
            {
                "Object" => value,
                "None" => null,
                "Metadata" => Metadata(value),
                _ => throw ApiErrors.BadRequest($"unrecognized includeObject value: \"{includeObject}\""),
            },
        };
    }

    private static JsonObject Metadata(JsonObject value) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = value["metadata"]!.DeepClone(),
    };

    public static JsonArray Columns(ResourceType type)
    {
        if (type.Columns is { } own)
        {
            return own.Definitions();
        }

        var columns = new JsonArray();
        foreach (var column in CellFunctions.ColumnsOf(type.Info))
        {
            columns.Add(new JsonObject
            {
                ["name"] = column.Name,
                ["type"] = "string",
                ["format"] = column.Name == "Name" ? "name" : "",
                ["description"] = "",
                ["priority"] = column.IsWide ? 1 : 0,
            });
        }

        return columns;
    }
}
