using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tables;

/// <summary>A cell of an object's row, at a time.</summary>
internal delegate JsonNode? Cell(JsonObject value, DateTimeOffset now);

/// <summary>Finds the cells of a resource: by kind and column where a kind has its own, by column else.</summary>
internal static class CellFunctions
{
    private static readonly PrinterColumn[] _fallbackColumns = [new("Name", false), new("Age", false)];

    public static IReadOnlyList<PrinterColumn> ColumnsOf(ResourceInfo resource) =>
        resource.Columns.Count > 0 ? resource.Columns : _fallbackColumns;

    public static Cell[] Of(ResourceInfo resource) =>
        [.. ColumnsOf(resource).Select(column => Find(resource.Kind, column.Name))];

    private static Cell Find(string kind, string column) =>
        CoreCells.Find(kind, column) ?? WorkloadCells.Find(kind, column) ?? OtherCells.Find(kind, column) ?? Shared(column);

    private static Cell Shared(string column) => column switch
    {
        "Name" => (value, _) => value.Name(),
        "Age" => (value, now) => CellText.Age(value.Part("metadata").Text("creationTimestamp"), now),
        "Created At" => (value, _) => value.Part("metadata").Text("creationTimestamp"),
        "Containers" => (value, _) => CellText.Join(CellText.Containers(value).Select(c => c.Text("name"))),
        "Images" => (value, _) => CellText.Join(CellText.Containers(value).Select(c => c.Text("image"))),
        "Selector" => (value, _) => CellText.Selector(value.Part("spec").Part("selector")),
        _ => (_, _) => CellText.None,
    };
}
