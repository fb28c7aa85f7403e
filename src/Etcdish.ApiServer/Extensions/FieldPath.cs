using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// The subset of JSONPath that columns, scales and selectable fields use: <c>.spec.replicas</c>, <c>.metadata.annotations['a\.b']</c>,
/// <c>.status.conditions[?(@.type=="Ready")].status</c>, <c>.spec.items[0]</c>, <c>.spec.items[*].name</c>.
/// </summary>
internal sealed class FieldPath
{
    private readonly List<Step> _steps = [];

    private FieldPath()
    {
    }

    /// <summary>The names of the steps, if all are plain fields; else null.</summary>
    public IReadOnlyList<string>? Names =>
        _steps.TrueForAll(step => step.Kind == StepKind.Field) ? [.. _steps.Select(step => step.Text)] : null;

    private enum StepKind
    {
        Field,
        Index,
        All,
        Filter,
    }

    /// <exception cref="FormatException">It is no such path.</exception>
    public static FieldPath Parse(string text)
    {
        var path = new FieldPath();
        var at = 0;
        if (text.Length == 0 || text[0] is not ('.' or '['))
        {
            throw new FormatException("it must begin with a dot");
        }

        while (at < text.Length)
        {
            at = text[at] == '.' ? path.ReadField(text, at + 1) : text[at] == '[' ? path.ReadBracket(text, at + 1)
                : throw new FormatException($"unexpected \"{text[at]}\" at {at}");
        }

        return path;
    }

    /// <summary>The values that the path leads to; a null among them is one that is there.</summary>
    public List<JsonNode?> Find(JsonNode? root)
    {
        List<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            var next = new List<JsonNode?>();
            foreach (var value in found)
            {
                step.Follow(value, next);
            }

            found = next;
        }

        return found;
    }

    private int ReadField(string text, int at)
    {
        var name = new System.Text.StringBuilder();
        while (at < text.Length && text[at] is not ('.' or '['))
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            name.Append(text[at++]);
        }

        if (name.Length == 0)
        {
            throw new FormatException($"a name is missing at {at}");
        }

        _steps.Add(name.ToString() == "*" ? new Step(StepKind.All, "", 0, "") : new Step(StepKind.Field, name.ToString(), 0, ""));
        return at;
    }

    private int ReadBracket(string text, int at)
    {
        var end = EndOfBracket(text, at);
        var inner = text[at..end].Trim();
        if (inner == "*")
        {
            _steps.Add(new Step(StepKind.All, "", 0, ""));
        }
        else if (int.TryParse(inner, System.Globalization.CultureInfo.InvariantCulture, out var index))
        {
            _steps.Add(new Step(StepKind.Index, "", index, ""));
        }
        else if (inner.Length >= 2 && inner[0] is '\'' or '"' && inner[^1] == inner[0])
        {
            _steps.Add(new Step(StepKind.Field, inner[1..^1].Replace("\\", "", StringComparison.Ordinal), 0, ""));
        }
        else if (inner.StartsWith("?(@.", StringComparison.Ordinal) && inner.EndsWith(')')
            && inner.IndexOf("==", StringComparison.Ordinal) is > 0 and var equals)
        {
            var name = inner[4..equals].Trim();
            var value = inner[(equals + 2)..^1].Trim();
            _steps.Add(new Step(StepKind.Filter, name, 0, value.Trim('\'', '"')));
        }
        else
        {
            throw new FormatException($"\"[{inner}]\" is not understood");
        }

        return end + 1;
    }

    private static int EndOfBracket(string text, int at)
    {
        var quote = '\0';
        for (; at < text.Length; at++)
        {
            if (quote != '\0')
            {
                quote = text[at] == quote ? '\0' : quote;
            }
            else if (text[at] is '\'' or '"')
            {
                quote = text[at];
            }
            else if (text[at] == ']')
            {
                return at;
            }
        }

        throw new FormatException("a bracket is not closed");
    }

    private readonly record struct Step(StepKind Kind, string Text, int Index, string Value)
    {
        public void Follow(JsonNode? value, List<JsonNode?> found)
        {
            switch (Kind)
            {
                case StepKind.Field when value is JsonObject fields && fields.TryGetPropertyValue(Text, out var field):
                    found.Add(field);
                    break;
                case StepKind.Index when value is JsonArray items:
                    var index = Index < 0 ? items.Count + Index : Index;
                    if (index >= 0 && index < items.Count)
                    {
                        found.Add(items[index]);
                    }

                    break;
                case StepKind.All:
                    found.AddRange(value switch { JsonArray items => items, JsonObject fields => fields.Select(f => f.Value), _ => [] });
                    break;
                case StepKind.Filter when value is JsonArray items:
                    foreach (var item in items)
                    {
                        if (item is JsonObject candidate && Scalar(candidate[Text]) == Value)
                        {
                            found.Add(item);
                        }
                    }

                    break;
            }
        }

        private static string? Scalar(JsonNode? value) =>
            value is JsonValue text && text.TryGetValue<string>(out var content) ? content : value?.ToJsonString();
    }
}
