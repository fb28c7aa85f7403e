using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The checks that fields of many kinds share.</summary>
internal static class CommonChecks
{
    public const string Immutable = "field is immutable";
    public const string NotNegative = "must be greater than or equal to 0";
    public const string Positive = "must be greater than zero";

    /// <summary>Says what a rule of names finds wrong with the text.</summary>
    public static void Check(this CheckedField field, Func<string, IReadOnlyList<string>> rule)
    {
        var problems = rule(field.Text);
        for (var i = 0; i < problems.Count; i++)
        {
            field.Invalid(problems[i], field.Text);
        }
    }

    /// <summary>Checks a text if there is one.</summary>
    public static void CheckIfSet(this CheckedField field, Func<string, IReadOnlyList<string>> rule)
    {
        if (field.HasText)
        {
            field.Check(rule);
        }
    }

    /// <summary>Whether there is a text; says so if not.</summary>
    public static bool RequireText(this CheckedField field, string detail = "")
    {
        if (field.HasText)
        {
            return true;
        }

        field.Required(detail);
        return false;
    }

    /// <summary>A text must be there and obey a rule of names.</summary>
    public static void RequireAnd(this CheckedField field, Func<string, IReadOnlyList<string>> rule)
    {
        if (field.RequireText())
        {
            field.Check(rule);
        }
    }

    /// <summary>The text must be one of these.</summary>
    public static void OneOf(this CheckedField field, string[] supported)
    {
        if (Array.IndexOf(supported, field.Text) < 0)
        {
            field.NotSupported(supported);
        }
    }

    /// <summary>The text, if there is one, must be one of these.</summary>
    public static void OneOfIfSet(this CheckedField field, string[] supported)
    {
        if (field.IsSet)
        {
            field.OneOf(supported);
        }
    }

    /// <summary>The text must be there and be one of these.</summary>
    public static void RequireOneOf(this CheckedField field, string[] supported)
    {
        if (field.RequireText())
        {
            field.OneOf(supported);
        }
    }

    public static void NonNegative(this CheckedField field)
    {
        if (field.Number < 0)
        {
            field.Invalid(NotNegative);
        }
    }

    /// <summary>The number, which is 0 if it is absent, must be in a range.</summary>
    public static void Between(this CheckedField field, long least, long most, string detail)
    {
        var number = field.Number ?? 0;
        if (number < least || number > most)
        {
            field.Holding(JsonValue.Create(number)).Invalid(detail);
        }
    }

    public static string InclusiveRange(long least, long most) =>
        string.Create(CultureInfo.InvariantCulture, $"must be between {least} and {most}, inclusive");

    /// <summary>The number of a port; absent is 0.</summary>
    public static void PortNumber(this CheckedField field) => field.Between(1, 65535, InclusiveRange(1, 65535));

    /// <summary>A port by number or name.</summary>
    public static void PortNumberOrName(this CheckedField field)
    {
        if (field.Value is JsonValue value && value.TryGetValue<string>(out _))
        {
            field.Check(NameRules.PortName);
        }
        else
        {
            field.PortNumber();
        }
    }

    /// <summary>Must be as it was.</summary>
    public static void Unchanged(this CheckedField field, CheckedField stored, string detail = Immutable)
    {
        if (!Alike(field.Value, stored.Value))
        {
            field.Invalid(detail);
        }
    }

    /// <summary>Whether two values mean the same: no list and an empty one do.</summary>
    public static bool Alike(JsonNode? left, JsonNode? right)
    {
        switch (left, right)
        {
            case (null or JsonArray { Count: 0 }, null or JsonArray { Count: 0 }):
                return true;
            case (JsonObject a, JsonObject b):
                return HasAlike(a, b) && HasAlike(b, a);
            case (JsonArray a, JsonArray b) when a.Count == b.Count:
                for (var i = 0; i < a.Count; i++)
                {
                    if (!Alike(a[i], b[i]))
                    {
                        return false;
                    }
                }

                return true;
            default:
                return JsonNode.DeepEquals(left, right);
        }
    }

    /// <summary>A name within a domain, such as <c>example.com/mine</c>.</summary>
    public static void DomainPath(this CheckedField field)
    {
        var slash = field.Text.IndexOf('/', StringComparison.Ordinal);
        if (!field.RequireText())
        {
            return;
        }

        if (slash <= 0 || slash == field.Text.Length - 1)
        {
            field.Invalid("must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        foreach (var problem in NameRules.Dns1123Subdomain(field.Text[..slash]))
        {
            field.Invalid(problem, field.Text[..slash]);
        }
    }

    /// <summary>Whether a list of texts has one.</summary>
    public static bool HasItem(this CheckedField list, string text)
    {
        foreach (var item in list.Items)
        {
            if (item.Text == text)
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasAlike(JsonObject left, JsonObject right)
    {
        foreach (var (name, value) in left)
        {
            if (!Alike(value, right[name]))
            {
                return false;
            }
        }

        return true;
    }
}
