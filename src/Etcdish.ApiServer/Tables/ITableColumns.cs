using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tables;

/// <summary>Columns that a resource brings along.</summary>
internal interface ITableColumns
{
    /// <summary>The heads, as tables define them.</summary>
    JsonArray Definitions();

    /// <summary>The cells of an object's row, at a time.</summary>
    JsonArray Cells(JsonObject value, DateTimeOffset now);
}
