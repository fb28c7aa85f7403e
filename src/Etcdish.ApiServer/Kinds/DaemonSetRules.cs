using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>DaemonSets.</summary>
internal static class DaemonSetRules
{
    private static readonly string[] _strategies = ["RollingUpdate", "OnDelete"];

    public static void ApplyDefaults(JsonObject set)
    {
        var spec = set.Ensure("spec");
        spec.Default("revisionHistoryLimit", 10);
        var strategy = spec.Ensure("updateStrategy");
        strategy.DefaultIfZero("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", 1);
            rolling.Default("maxSurge", 0);
        }

        PodDefaults.ApplyTemplate(spec.Part("template"));
    }

    public static void Check(CheckedField set, CheckedField stored)
    {
        var spec = set["spec"];
        WorkloadRules.CheckSelector(spec, "daemonset");
        WorkloadRules.CheckTemplate(spec);
        spec["minReadySeconds"].NonNegative();
        CheckStrategy(spec["updateStrategy"]);
        spec["revisionHistoryLimit"].NonNegative();
        WorkloadRules.CheckSelectorIsKept(spec, stored);
    }

    private static void CheckStrategy(CheckedField strategy)
    {
        switch (strategy["type"].Text)
        {
            case "OnDelete":
                break;
            case "RollingUpdate":
                CheckRolling(strategy["rollingUpdate"]);
                break;
            default:
                strategy["type"].NotSupported(_strategies);
                break;
        }
    }

    private static void CheckRolling(CheckedField rolling)
    {
        if (!rolling.IsSet)
        {
            rolling.Required();
            return;
        }

        var (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"]);
        unavailable.CountOrPercent();
        unavailable.AtMostAll();
        surge.CountOrPercent();
        surge.AtMostAll();
        if (!unavailable.IsNone() && !surge.IsNone())
        {
            surge.Invalid("may not be set when maxUnavailable is non-zero");
        }
        else if (unavailable.IsNone() && surge.IsNone())
        {
            unavailable.Required("cannot be 0 when maxSurge is 0");
        }
    }
}
