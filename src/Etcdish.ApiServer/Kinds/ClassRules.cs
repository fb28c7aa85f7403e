using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Classes that pods name: of priority and of runtimes.</summary>
internal static class ClassRules
{
    private const long HighestOfUsers = 1_000_000_000;
    private const long SystemCritical = 2_000_000_000;
    private const string SystemPrefix = "system-";

    private static readonly string[] _preemption = ["PreemptLowerPriority", "Never"];

    public static void DefaultPriority(JsonObject @class) => @class.Default("preemptionPolicy", "PreemptLowerPriority");

    public static void CheckPriority(CheckedField @class, CheckedField stored)
    {
        var name = @class["metadata"]["name"];
        var value = @class["value"];
        if (name.Text.StartsWith(SystemPrefix, StringComparison.Ordinal))
        {
            if (SystemProblem(name.Text, value.Number ?? 0, @class["globalDefault"].IsTrue) is { } problem)
            {
                name.Forbidden($"priority class names with '{SystemPrefix}' prefix are reserved for system use only. error: {problem}");
            }
        }
        else if (value.Number > HighestOfUsers)
        {
            value.Forbidden($"maximum allowed value of a user defined priority is {HighestOfUsers}");
        }

        if (@class["preemptionPolicy"].IsSet)
        {
            @class["preemptionPolicy"].RequireOneOf(_preemption);
        }

        if (stored.IsSet)
        {
            if ((value.Number ?? 0) != (stored["value"].Number ?? 0))
            {
                value.Forbidden("may not be changed in an update.");
            }

            @class["preemptionPolicy"].Unchanged(stored["preemptionPolicy"]);
        }
    }

    public static void CheckRuntime(CheckedField @class, CheckedField stored)
    {
        @class["handler"].Check(Etcdish.Kubernetes.NameRules.Dns1123Label);
        if (stored.IsSet)
        {
            @class["handler"].Unchanged(stored["handler"]);
        }

        foreach (var (name, amount) in @class["overhead"]["podFixed"].Entries)
        {
            amount.ContainerResourceName(name);
            amount.ResourceAmount(name);
        }

        @class["scheduling"]["nodeSelector"].Labels();
        SchedulingRules.CheckTolerations(@class["scheduling"]["tolerations"]);
    }

    private static string? SystemProblem(string name, long value, bool isDefault)
    {
        var known = name switch
        {
            "system-cluster-critical" => SystemCritical,
            "system-node-critical" => SystemCritical + 1000,
            _ => -1,
        };
        return known < 0 ? $"{name} is not a known system priority class"
            : value != known ? $"value of {name} PriorityClass must be {known}"
            : isDefault ? $"globalDefault of {name} PriorityClass must be false"
            : null;
    }
}
