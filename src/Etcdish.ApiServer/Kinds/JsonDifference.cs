using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Says in which fields two objects differ.</summary>
internal static class JsonDifference
{
    private const int MaxLines = 20;

    /// <summary>A line for each field that was removed (<c>-</c>) and one for each that was added (<c>+</c>).</summary>
    public static string Describe(JsonNode before, JsonNode after)
    {
        var text = new StringBuilder();
        var lines = 0;
        Describe("", before, after, text, ref lines);
        return text.ToString();
    }

    private static void Describe(string path, JsonNode? before, JsonNode? after, StringBuilder text, ref int lines)
    {
        if (CommonChecks.Alike(before, after) || lines >= MaxLines)
        {
            return;
        }

        if (before is JsonObject left && after is JsonObject right)
        {
            foreach (var (name, value) in left)
            {
                Describe(Join(path, name), value, right[name], text, ref lines);
            }

            foreach (var (name, value) in right)
            {
                if (!left.ContainsKey(name))
                {
                    Describe(Join(path, name), null, value, text, ref lines);
                }
            }
        }
        else if (before is JsonArray old && after is JsonArray now && old.Count == now.Count)
        {
            for (var i = 0; i < old.Count; i++)
            {
                Describe($"{path}[{i}]", old[i], now[i], text, ref lines);
            }
        }
        else
        {
            Write('-', path, before, text, ref lines);
            Write('+', path, after, text, ref lines);
        }
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static void Write(char sign, string path, JsonNode? value, StringBuilder text, ref int lines)
    {
        if (value is not null)
        {
            lines++;
            text.Append(sign).Append(' ').Append(path).Append(": ").Append(value.ToJsonString(JsonSerializerOptions.Default)).Append('\n');
        }
    }
}
