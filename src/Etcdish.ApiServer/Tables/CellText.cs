using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tables;

/// <summary>What cells have in common.</summary>
internal static class CellText
{
    public const string None = "<none>";
    public const string Unset = "<unset>";
    public const string Unknown = "<unknown>";

    /// <summary>The text, or a sign that there is none.</summary>
    public static string OrNone(string text) => text.Length == 0 ? None : text;

    public static string Join(IEnumerable<string> texts) => OrNone(string.Join(',', texts));

    public static string Count(JsonObject? value, string field) => Revisions.Format(value.Number(field) ?? 0);

    /// <summary>A scalar as people write it; empty if it is absent.</summary>
    public static string Scalar(JsonNode? value) => value switch
    {
        null => "",
        JsonValue text when text.TryGetValue<string>(out var content) => content,
        _ => value.ToJsonString(),
    };

    /// <summary>The length of time since a moment.</summary>
    public static string Age(string time, DateTimeOffset now) =>
        DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? Duration(now - moment)
            : Unknown;

    /// <summary>A length of time in the one or two units that matter, as kubectl shows it.</summary>
    public static string Duration(TimeSpan span)
    {
        var seconds = (long)span.TotalSeconds;
        var minutes = seconds / 60;
        var hours = minutes / 60;
        var days = hours / 24;
        return (seconds, minutes, hours, days) switch
        {
            ( < -1, _, _, _) => "<invalid>",
            ( < 0, _, _, _) => "0s",
            ( < 120, _, _, _) => $"{seconds}s",
            (_, < 10, _, _) => seconds % 60 == 0 ? $"{minutes}m" : $"{minutes}m{seconds % 60}s",
            (_, < 180, _, _) => $"{minutes}m",
            (_, _, < 8, _) => minutes % 60 == 0 ? $"{hours}h" : $"{hours}h{minutes % 60}m",
            (_, _, < 48, _) => $"{hours}h",
            (_, _, _, < 8) => hours % 24 == 0 ? $"{days}d" : $"{days}d{hours % 24}h",
            (_, _, _, < 730) => $"{days}d",
            (_, _, _, < 2920) => days % 365 == 0 ? $"{days / 365}y" : $"{days / 365}y{days % 365}d",
            _ => $"{days / 365}y",
        };
    }

    /// <summary>A label selector, or a plain map of labels as old kinds have it.</summary>
    public static string Selector(JsonObject? selector)
    {
        if (selector is null)
        {
            return None;
        }

        var isObject = selector.Part("matchLabels") is not null || selector["matchExpressions"] is JsonArray;
        try
        {
            return isObject
                ? OrNone(LabelSelector.FromObject(selector).ToString())
                : Join(selector.Select(label => $"{label.Key}={Scalar(label.Value)}").Order(StringComparer.Ordinal));
        }
        catch (SelectorException)
        {
            return "<error>";
        }
    }

    /// <summary>The containers of a pod, a workload or a cron job.</summary>
    public static IEnumerable<JsonObject> Containers(JsonObject value)
    {
        var spec = value.Part("spec");
        var template = spec.Part("jobTemplate") is { } job
            ? job.Part("spec").Part("template")
            : spec.Part("template") ?? value.Part("template");
        return (template is null ? spec : template.Part("spec")).Items("containers").OfType<JsonObject>();
    }
}
