using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Deployments.</summary>
internal static class DeploymentRules
{
    private static readonly string[] _strategies = ["Recreate", "RollingUpdate"];

    public static void ApplyDefaults(JsonObject deployment)
    {
        var spec = deployment.Ensure("spec");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        spec.Default("progressDeadlineSeconds", 600);
        var strategy = spec.Ensure("strategy");
        strategy.DefaultIfZero("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxUnavailable", "25%");
            rolling.Default("maxSurge", "25%");
        }

        PodDefaults.ApplyTemplate(spec.Part("template"));
    }

    public static void Check(CheckedField deployment, CheckedField stored)
    {
        var spec = deployment["spec"];
        spec["replicas"].NonNegative();
        WorkloadRules.CheckSelector(spec, "deployment");
        WorkloadRules.CheckTemplate(spec);
        CheckStrategy(spec["strategy"]);
        spec["minReadySeconds"].NonNegative();
        spec["revisionHistoryLimit"].NonNegative();
        var deadline = spec["progressDeadlineSeconds"];
        deadline.NonNegative();
        if (deadline.Number <= (spec["minReadySeconds"].Number ?? 0))
        {
            deadline.Invalid("must be greater than minReadySeconds");
        }

        WorkloadRules.CheckSelectorIsKept(spec, stored);
    }

    private static void CheckStrategy(CheckedField strategy)
    {
        var rolling = strategy["rollingUpdate"];
        switch (strategy["type"].Text)
        {
            case "Recreate":
                if (rolling.IsSet)
                {
                    rolling.Forbidden("may not be specified when strategy `type` is 'Recreate'");
                }

                break;
            case "RollingUpdate":
                CheckRolling(rolling);
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
            rolling.Required("this should be defaulted and never be nil");
            return;
        }

        var (unavailable, surge) = (rolling["maxUnavailable"], rolling["maxSurge"]);
        unavailable.CountOrPercent();
        surge.CountOrPercent();
        if (unavailable.IsNone() && surge.IsNone())
        {
            unavailable.Invalid("may not be 0 when `maxSurge` is 0");
        }

        unavailable.AtMostAll();
    }
}
