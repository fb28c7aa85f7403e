using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry.Views;

/// <summary>
/// Autoscalers as <c>autoscaling/v1</c> has them, which knows no metric but the use of processors: the others, conditions and behaviour
/// travel as annotations, so that an old client that writes back what it read loses nothing. They are stored as <c>v2</c>.
/// </summary>
internal sealed class AutoscalerView(ResourceInfo served, ResourceInfo stored) : ConvertedView(served, stored)
{
    private const string Prefix = "autoscaling.alpha.kubernetes.io/";
    private const string Target = "targetCPUUtilizationPercentage";
    private const string Current = "currentCPUUtilizationPercentage";

    protected override void ToView(JsonObject value)
    {
        var annotations = value.Metadata().Part("annotations")?.DeepClone() as JsonObject ?? [];
        if (value.Part("spec") is { } spec)
        {
            MoveMetrics(spec, "metrics", "target", Target, annotations);
            Move(spec, "behavior", annotations, "behavior");
        }

        if (value.Part("status") is { } status)
        {
            MoveMetrics(status, "currentMetrics", "current", Current, annotations);
            Move(status, "conditions", annotations, "conditions");
        }

        SetAnnotations(value, annotations);
    }

    protected override void FromView(JsonObject value)
    {
        var annotations = value.Metadata().Part("annotations")?.DeepClone() as JsonObject ?? [];
        if (value.Part("spec") is { } spec)
        {
            Restore(spec, "behavior", annotations, "behavior");
            RestoreMetrics(spec, "metrics", "target", Target, annotations);
        }

        var status = value.Part("status") ?? [];
        Restore(status, "conditions", annotations, "conditions");
        RestoreMetrics(status, "currentMetrics", "current", Current, annotations, annotationName: "current-metrics");
        if (status.Count > 0)
        {
            value["status"] = status.Parent is null ? status : status.DeepClone();
        }

        SetAnnotations(value, annotations);
    }

    /// <summary>The use of processors becomes a field, every other metric part of an annotation.</summary>
    private static void MoveMetrics(JsonObject from, string field, string side, string percentage, JsonObject annotations)
    {
        var others = new JsonArray();
        foreach (var metric in from.Items(field).OfType<JsonObject>())
        {
            var resource = metric.Part("resource");
            var isProcessors = resource.Text("name") == "cpu" && from[percentage] is null;
            if (isProcessors && resource.Part(side).Number("averageUtilization") is { } percent)
            {
                from[percentage] = percent;
            }
            else
            {
                others.Add(OldMetrics.ToOld(metric, side));
            }
        }

        from.Remove(field);
        if (others.Count > 0)
        {
            annotations[Prefix + (side == "target" ? "metrics" : "current-metrics")] = others.ToJsonString(OldMetrics.Json);
        }
    }

    private static void RestoreMetrics(
        JsonObject to, string field, string side, string percentage, JsonObject annotations, string annotationName = "metrics")
    {
        var metrics = new JsonArray();
        foreach (var metric in Take(annotations, annotationName) as JsonArray ?? [])
        {
            if (metric is JsonObject old)
            {
                metrics.Add(OldMetrics.FromOld(old, side));
            }
        }

        if (to.Number(percentage) is { } percent)
        {
            var value = new JsonObject { ["averageUtilization"] = percent };
            if (side == "target")
            {
                value["type"] = "Utilization";
            }

            metrics.Add(new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu", [side] = value } });
        }

        to.Remove(percentage);
        if (metrics.Count > 0)
        {
            to[field] = metrics;
        }
    }

    private static void Move(JsonObject from, string field, JsonObject annotations, string name)
    {
        if (from[field] is { } content)
        {
            annotations[Prefix + name] = content.ToJsonString(OldMetrics.Json);
            from.Remove(field);
        }
    }

    private static void Restore(JsonObject to, string field, JsonObject annotations, string name)
    {
        if (Take(annotations, name) is { } content)
        {
            to[field] = content;
        }
    }

    /// <summary>Takes an annotation out; one that is no JSON stands for nothing, as anybody may have written it.</summary>
    private static JsonNode? Take(JsonObject annotations, string name)
    {
        var text = annotations.Text(Prefix + name);
        annotations.Remove(Prefix + name);
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text, documentOptions: ApiJson.Reader)?.DeepClone();
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static void SetAnnotations(JsonObject value, JsonObject annotations)
    {
        if (annotations.Count == 0)
        {
            value.Metadata().Remove("annotations");
        }
        else
        {
            value.Metadata()["annotations"] = annotations;
        }
    }
}
