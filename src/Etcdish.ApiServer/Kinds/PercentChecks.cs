using System.Globalization;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Counts that may be percentages.</summary>
internal static class PercentChecks
{
    private const string BadPercent =
        "a valid percent string must be a numeric string followed by an ending '%' "
        + "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

    /// <summary>A whole number that is not negative, or a percentage.</summary>
    public static void CountOrPercent(this CheckedField field)
    {
        if (field.Value is JsonValue value && value.TryGetValue<string>(out _))
        {
            if (!TryPercent(field.Text, out _))
            {
                field.Invalid(BadPercent);
            }
        }
        else
        {
            field.NonNegative();
        }
    }

    public static void AtMostAll(this CheckedField field)
    {
        if (TryPercent(field.Text, out var percent) && percent > 100)
        {
            field.Invalid("must not be greater than 100%");
        }
    }

    /// <summary>Whether the count or percentage is 0; so it is if it is absent.</summary>
    public static bool IsNone(this CheckedField field) => TryPercent(field.Text, out var percent) ? percent == 0 : (field.Number ?? 0) == 0;

    private static bool TryPercent(string text, out int percent)
    {
        percent = 0;
        return text.EndsWith('%')
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out percent);
    }
}
