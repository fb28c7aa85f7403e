using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Ways to fill in what an author left out.</summary>
internal static class JsonDefaults
{
    /// <summary>Sets a field that is absent, empty or zero: what these mean for fields that cannot tell them apart.</summary>
    public static void DefaultIfZero(this JsonObject value, string field, JsonNode content)
    {
        if (IsZero(value[field]))
        {
            value[field] = content;
        }
    }

    /// <summary>The objects of a list.</summary>
    public static IEnumerable<JsonObject> Objects(this JsonObject? value, string field)
    {
        if (value?[field] is JsonArray list)
        {
            for (var i = 0; i < list.Count; i++)
            {
                if (list[i] is JsonObject item)
                {
                    yield return item;
                }
            }
        }
    }

    private static bool IsZero(JsonNode? node) => node switch
    {
        null => true,
        JsonValue value when value.TryGetValue<string>(out var text) => text.Length == 0,
        _ => ObjectMeta.Number(node) == 0,
    };
}
