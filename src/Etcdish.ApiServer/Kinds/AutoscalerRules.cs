using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>HorizontalPodAutoscalers, in version 2 of their group.</summary>
internal static class AutoscalerRules
{
    private const int DefaultUtilization = 80;
    private const int MaxPeriodSeconds = 1800;
    private const int MaxWindowSeconds = 3600;

    private static readonly string[] _sources = ["ContainerResource", "External", "Object", "Pods", "Resource"];
    private static readonly string[] _selects = ["Disabled", "Max", "Min"];
    private static readonly string[] _policyTypes = ["Percent", "Pods"];

    public static void ApplyDefaults(JsonObject autoscaler)
    {
        if (autoscaler.Part("spec") is not { } spec)
        {
            return;
        }

        spec.Default("minReplicas", 1);
        if (!spec.Items("metrics").Any())
        {
            spec["metrics"] = new JsonArray(new JsonObject
            {
                ["type"] = "Resource",
                ["resource"] = new JsonObject
                {
                    ["name"] = "cpu",
                    ["target"] = new JsonObject { ["type"] = "Utilization", ["averageUtilization"] = DefaultUtilization },
                },
            });
        }

        if (spec.Part("behavior") is { } behavior)
        {
            DefaultRules(behavior.Ensure("scaleUp"), 0, [Policy("Pods", 4), Policy("Percent", 100)]);
            DefaultRules(behavior.Ensure("scaleDown"), null, [Policy("Percent", 100)]);
        }
    }

    public static void Check(CheckedField autoscaler, CheckedField stored)
    {
        var spec = autoscaler["spec"];
        var (least, most) = (spec["minReplicas"], spec["maxReplicas"]);
        if (least.Number < 1)
        {
            least.Invalid("must be greater than or equal to 1");
        }

        most.Between(1, int.MaxValue, "must be greater than 0");
        if (least.Number > (most.Number ?? 0))
        {
            most.Holding(most.Number ?? 0).Invalid("must be greater than or equal to `minReplicas`");
        }

        CheckReference(spec["scaleTargetRef"]);
        foreach (var metric in spec["metrics"].Items)
        {
            CheckMetric(metric);
        }

        CheckRules(spec["behavior"]["scaleUp"]);
        CheckRules(spec["behavior"]["scaleDown"]);
    }

    private static JsonObject Policy(string type, int value) => new() { ["type"] = type, ["value"] = value, ["periodSeconds"] = 15 };

    private static void DefaultRules(JsonObject rules, int? window, JsonObject[] policies)
    {
        rules.Default("selectPolicy", "Max");
        if (window is { } seconds)
        {
            rules.Default("stabilizationWindowSeconds", seconds);
        }

        if (!rules.Items("policies").Any())
        {
            rules["policies"] = new JsonArray([.. policies]);
        }
    }

    private static void CheckReference(CheckedField reference)
    {
        reference["kind"].RequireAnd(NameRules.PathSegment);
        reference["name"].RequireAnd(NameRules.PathSegment);
    }

    private static void CheckMetric(CheckedField metric)
    {
        var type = metric["type"];
        type.RequireText("must specify a metric source type");
        type.OneOf(_sources);
        var expected = type.Text.Length == 0 ? "" : char.ToLowerInvariant(type.Text[0]) + type.Text[1..];
        var isFirst = true;
        foreach (var name in (ReadOnlySpan<string>)["object", "external", "pods", "resource", "containerResource"])
        {
            if (!metric[name].IsSet)
            {
                continue;
            }

            if (isFirst)
            {
                CheckSource(name, metric[name]);
            }

            if (name != expected)
            {
                metric[name].Forbidden("must populate the given metric source only");
            }

            isFirst = false;
        }

        if (Array.IndexOf(_sources, type.Text) >= 0 && !metric[expected].IsSet)
        {
            metric[expected].Required("must populate information for the given metric source");
        }
    }

    private static void CheckSource(string kind, CheckedField source)
    {
        var target = source["target"];
        var (value, average) = (target["value"].IsSet, target["averageValue"].IsSet);
        if (kind is "resource" or "containerResource")
        {
            source["name"].RequireText("must specify a resource name");
            if (kind == "containerResource")
            {
                source["container"].RequireText("must specify a container");
            }
        }
        else
        {
            source["metric"]["name"].RequireText("must specify a metric name");
            source["metric"]["selector"].Selector();
        }

        if (kind == "object")
        {
            CheckReference(source["describedObject"]);
        }

        CheckTarget(target);
        switch (kind)
        {
            case "object" when !value && !average:
                target["averageValue"].Required("must set either a target value or averageValue");
                break;
            case "external" when !value && !average:
                target["averageValue"].Required("must set either a target value for metric or a per-pod target");
                break;
            case "external" when value && average:
                target["value"].Forbidden("may not set both a target value for metric and a per-pod target");
                break;
            case "pods" when !average:
                target["averageValue"].Required("must specify a positive target averageValue");
                break;
            case "resource" or "containerResource" when !target["averageUtilization"].IsSet && !average:
                target["averageUtilization"].Required("must set either a target raw value or a target utilization");
                break;
            case "resource" or "containerResource" when target["averageUtilization"].IsSet && average:
                target["averageValue"].Forbidden("may not set both a target raw value and a target utilization");
                break;
        }
    }

    private static void CheckTarget(CheckedField target)
    {
        var type = target["type"];
        type.RequireText("must specify a metric target type");
        if (type.Text is not ("Utilization" or "Value" or "AverageValue"))
        {
            type.Invalid("must be either Utilization, Value, or AverageValue", type.Text);
        }

        foreach (var field in (ReadOnlySpan<string>)["value", "averageValue"])
        {
            if (target[field].Amount() is { Sign: <= 0 } amount)
            {
                target[field].Invalid("must be positive", amount.ToString());
            }
        }

        if (target["averageUtilization"].Number < 1)
        {
            target["averageUtilization"].Invalid("must be greater than 0");
        }
    }

    private static void CheckRules(CheckedField rules)
    {
        if (!rules.IsSet)
        {
            return;
        }

        var window = rules["stabilizationWindowSeconds"];
        if (window.Number < 0)
        {
            window.Invalid("must be greater than or equal to zero");
        }
        else if (window.Number > MaxWindowSeconds)
        {
            window.Invalid($"must be less than or equal to {MaxWindowSeconds}");
        }

        rules["selectPolicy"].OneOfIfSet(_selects);
        if (rules["policies"].Count == 0)
        {
            rules["policies"].Required("must specify at least one Policy");
        }

        foreach (var policy in rules["policies"].Items)
        {
            policy["type"].OneOf(_policyTypes);
            policy["value"].Between(1, int.MaxValue, CommonChecks.Positive);
            policy["periodSeconds"].Between(1, int.MaxValue, CommonChecks.Positive);
            if (policy["periodSeconds"].Number > MaxPeriodSeconds)
            {
                policy["periodSeconds"].Invalid($"must be less than or equal to {MaxPeriodSeconds}");
            }
        }
    }
}
