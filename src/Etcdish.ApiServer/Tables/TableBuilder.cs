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
        var cells = CellFunctions.Of(type.Info);
        var now = clock.GetUtcNow();
        var rows = new JsonArray();
        foreach (var value in objects)
        {
            rows.Add(new JsonObject
            {
                ["cells"] = type.Columns?.Cells(value, now) ?? new JsonArray([.. cells.Select(cell => cell(value, now))]),
                ["object"] = includeObject switch
                {
                    "Object" => value,
                    "None" => null,
                    "Metadata" => Metadata(value),
                    _ => throw ApiErrors.BadRequest($"unrecognized includeObject value: \"{includeObject}\""),
                },
            });
        }

        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = "meta.k8s.io/v1",
            ["metadata"] = listMeta,
            ["columnDefinitions"] = withColumns ? type.Columns?.Definitions() ?? Columns(type) : null,
            ["rows"] = rows,
        };
    }

    private static JsonObject Metadata(JsonObject value) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = value["metadata"]!.DeepClone(),
    };

    private static JsonArray Columns(ResourceType type)
    {
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
