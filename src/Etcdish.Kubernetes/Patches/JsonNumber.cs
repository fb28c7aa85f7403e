using System.Globalization;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>Numbers of JSON, told apart as Go does: whole ones up to 64 bits exactly, others as binary64.</summary>
internal static class JsonNumber
{
    public static string Canonical(JsonValue value)
    {
        var text = value.ToJsonString();
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole.ToString(CultureInfo.InvariantCulture)
            : double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture);
    }
}
