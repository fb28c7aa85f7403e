using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>
/// The notation of FieldsV1: an object with a field per step, in which <c>{}</c> ends a path and <c>"."</c> says that the path ends here as
/// well as going on.
/// </summary>
internal static class FieldSetJson
{
    private const string Self = ".";

    public static JsonObject Write(FieldSet set) => Write(set, isMember: false);

    /// <summary>Reads the notation; steps of unknown kinds are left out with all behind them.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static FieldSet Read(JsonNode? node)
    {
        var builder = new FieldSetBuilder();
        ReadInto(builder, node);
        return builder.Build();
    }

    private static JsonObject Write(FieldSet set, bool isMember)
    {
        var fields = new JsonObject();
        if (isMember)
        {
            fields[Self] = new JsonObject();
        }

        var (members, children) = (set.Members, set.Children);
        for (int m = 0, c = 0; m < members.Length || c < children.Length;)
        {
            var order = m == members.Length ? 1 : c == children.Length ? -1 : members[m].CompareTo(children[c].Key);
            fields.Add(
                order <= 0 ? members[m].Text : children[c].Key.Text,
                order < 0 ? new JsonObject() : Write(children[c].Value, isMember: order == 0));
            m += order <= 0 ? 1 : 0;
            c += order >= 0 ? 1 : 0;
        }

        return fields;
    }

    /// <summary>Returns whether the path that leads here is a member itself.</summary>
    private static bool ReadInto(FieldSetBuilder builder, JsonNode? node)
    {
        if (node is not JsonObject fields)
        {
            throw new FormatException("a set of fields is an object");
        }

        var isMember = true;
        foreach (var (text, below) in fields)
        {
            if (text == Self)
            {
                return ReadMixed(builder, fields);
            }

            isMember &= !ReadField(builder, text, below);
        }

        return isMember;
    }

    private static bool ReadMixed(FieldSetBuilder builder, JsonObject fields)
    {
        foreach (var (text, below) in fields)
        {
            if (text != Self)
            {
                ReadField(builder, text, below);
            }
        }

        return true;
    }

    private static bool ReadField(FieldSetBuilder builder, string text, JsonNode? below)
    {
        if (PathElement.Parse(text) is not { } element)
        {
            return false;
        }

        if (ReadInto(builder.Below(element), below))
        {
            builder.Add(element);
        }

        return true;
    }
}
