using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry.Views;

/// <summary>Metrics of autoscalers in the flat form that <c>autoscaling/v1</c> keeps in annotations.</summary>
internal static class OldMetrics
{
    public static JsonSerializerOptions Json { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The fields of each type of metric: the path in v2, and the old name. A star stands for target or current.</summary>
    private static readonly Dictionary<string, (string Path, string Old)[]> _fields = new(StringComparer.Ordinal)
    {
        ["Resource"] = [("name", "name"), ("*.averageUtilization", "*AverageUtilization"), ("*.averageValue", "*AverageValue")],
        ["ContainerResource"] =
        [
            ("name", "name"), ("container", "container"), ("*.averageUtilization", "*AverageUtilization"),
            ("*.averageValue", "*AverageValue"),
        ],
        ["Pods"] = [("metric.name", "metricName"), ("metric.selector", "selector"), ("*.averageValue", "*AverageValue")],
        ["Object"] =
        [
            ("describedObject", "target"), ("metric.name", "metricName"), ("metric.selector", "selector"), ("*.value", "*Value"),
            ("*.averageValue", "averageValue"),
        ],
        ["External"] =
        [
            ("metric.name", "metricName"), ("metric.selector", "metricSelector"), ("*.value", "*Value"),
            ("*.averageValue", "*AverageValue"),
        ],
    };

    /// <summary>The old form of a metric. One of an unknown type stays as it is.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="side"><c>target</c> of what is wanted, <c>current</c> of what is measured.</param>
    public static JsonNode ToOld(JsonObject metric, string side)
    {
        if (!_fields.TryGetValue(metric.Text("type"), out var fields) || metric.Part(NameOf(metric.Text("type"))) is not { } source)
        {
            return metric.DeepClone();
        }

        var old = new JsonObject();
        foreach (var (path, name) in fields)
        {
            if (Find(source, path, side)?.DeepClone() is { } value)
            {
                old[name.Replace("*", side, StringComparison.Ordinal)] = value;
            }
        }

        return new JsonObject { ["type"] = metric.Text("type"), [NameOf(metric.Text("type"))] = old };
    }

    /// <summary>The metric that an old form stands for.</summary>
    public static JsonNode FromOld(JsonObject metric, string side)
    {
        if (!_fields.TryGetValue(metric.Text("type"), out var fields) || metric.Part(NameOf(metric.Text("type"))) is not { } old)
        {
            return metric.DeepClone();
        }

        var source = new JsonObject();
        foreach (var (path, name) in fields)
        {
            if (old[name.Replace("*", side, StringComparison.Ordinal)]?.DeepClone() is { } value)
            {
                Set(source, path.Replace("*", side, StringComparison.Ordinal), value);
            }
        }

        if (side == "target")
        {
            var target = source.Ensure(side);
            target["type"] = target["averageUtilization"] is not null ? "Utilization"
                : target["averageValue"] is not null ? "AverageValue"
                : "Value";
        }

        return new JsonObject { ["type"] = metric.Text("type"), [NameOf(metric.Text("type"))] = source };
    }

    private static string NameOf(string type) => char.ToLowerInvariant(type[0]) + type[1..];

    private static JsonNode? Find(JsonObject source, string path, string side)
    {
        var parts = path.Replace("*", side, StringComparison.Ordinal).Split('.');
        return parts.Length == 1 ? source[parts[0]] : source.Part(parts[0])?[parts[1]];
    }

    private static void Set(JsonObject source, string path, JsonNode value)
    {
        var parts = path.Split('.');
        var target = parts.Length == 1 ? source : source.Ensure(parts[0]);
        target[parts[^1]] = value;
    }
}
