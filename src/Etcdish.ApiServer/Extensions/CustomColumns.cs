using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Tables;

namespace Etcdish.ApiServer.Extensions;

/// <summary>The columns that a definition gives its resource; the name comes first in every case.</summary>
internal sealed class CustomColumns : ITableColumns
{
    private static readonly JsonObject _age = new()
    {
        ["name"] = "Age",
        ["type"] = "date",
        ["jsonPath"] = ".metadata.creationTimestamp",
        ["description"] = "When the object was created.",
    };

    private readonly List<Column> _columns = [];

    public CustomColumns(JsonObject version)
    {
        var columns = version.Items("additionalPrinterColumns").OfType<JsonObject>().ToArray();
        foreach (var column in columns.Length > 0 ? columns : [_age])
        {
            var path = column.Text("jsonPath");
            _columns.Add(new Column(column, FieldPath.Parse(path)));
        }
    }

    public JsonArray Definitions()
    {
        var definitions = new JsonArray(new JsonObject
        {
            ["name"] = "Name",
            ["type"] = "string",
            ["format"] = "name",
            ["description"] = "The name of the object.",
            ["priority"] = 0,
        });
        foreach (var (source, _) in _columns)
        {
            var description = source.Text("description");
            definitions.Add(new JsonObject
            {
                ["name"] = source.Text("name"),
                ["type"] = source.Text("type"),
                ["format"] = source.Text("format"),
                ["description"] = description.Length > 0
                    ? description
                    : $"Custom resource definition column (in JSONPath format): {source.Text("jsonPath")}",
                ["priority"] = source.Number("priority") ?? 0,
            });
        }

        return definitions;
    }

    public JsonArray Cells(JsonObject value, DateTimeOffset now) =>
        [value.Name(), .. _columns.Select(column => column.Cell(value, now))];

    private sealed record Column(JsonObject Source, FieldPath Path)
    {
        public JsonNode? Cell(JsonObject value, DateTimeOffset now)
        {
            var found = Path.Find(value);
            if (found.Count == 0 || found[0] is not { } first)
            {
                return null;
            }

            var type = JsonValues.TypeOf(first);
            return Source.Text("type") switch
            {
                "string" => CellText.Scalar(first),
                "integer" when type is "integer" or "number" => (long)JsonValues.Number(first),
                "number" when type is "integer" or "number" => first.DeepClone(),
                "boolean" when type == "boolean" => first.DeepClone(),
                "date" when type == "string" => Age(first.GetValue<string>(), now),
                _ => null,
            };
        }

        private static string Age(string time, DateTimeOffset now) =>
            DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _)
                ? CellText.Age(time, now)
                : "<invalid>";
    }
}
