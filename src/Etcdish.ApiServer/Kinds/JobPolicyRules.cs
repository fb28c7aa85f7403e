namespace Etcdish.ApiServer.Kinds;

/// <summary>When a job counts a pod as failed, and itself as done.</summary>
internal static class JobPolicyRules
{
    private const int MaxRules = 20;
    private const int MaxExitCodes = 255;
    private const string ConditionStates = "valid values: [\"False\" \"True\" \"Unknown\"]";

    private static readonly string[] _actions = ["Count", "FailIndex", "FailJob", "Ignore"];
    private static readonly string[] _operators = ["In", "NotIn"];
    private static readonly string[] _states = ["False", "True", "Unknown"];

    /// <summary>The policies of a job's spec.</summary>
    public static void Check(CheckedField spec)
    {
        var rules = spec["podFailurePolicy"]["rules"];
        if (rules.Count > MaxRules)
        {
            rules.TooMany(MaxRules);
        }

        foreach (var rule in rules.Items)
        {
            CheckRule(spec, rule);
        }

        CheckSuccess(spec, spec["successPolicy"]);
    }

    private static void CheckRule(CheckedField spec, CheckedField rule)
    {
        var action = rule["action"];
        if (action.RequireText("valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]"))
        {
            action.OneOf(_actions);
        }

        if (action.Text == "FailIndex" && !spec["backoffLimitPerIndex"].IsSet)
        {
            action.Invalid("requires the backoffLimitPerIndex to be set");
        }

        var codes = rule["onExitCodes"];
        var conditions = rule["onPodConditions"];
        if (codes.IsSet)
        {
            CheckExitCodes(spec, codes);
        }

        foreach (var pattern in conditions.Items)
        {
            pattern["type"].Check(Etcdish.Kubernetes.NameRules.QualifiedName);
            if (pattern["status"].RequireText(ConditionStates))
            {
                pattern["status"].OneOf(_states);
            }
        }

        if (codes.IsSet && conditions.Count > 0)
        {
            rule.InvalidUnseen("specifying both OnExitCodes and OnPodConditions is not supported");
        }
        else if (!codes.IsSet && conditions.Count == 0)
        {
            rule.InvalidUnseen("specifying one of OnExitCodes and OnPodConditions is required");
        }
    }

    private static void CheckExitCodes(CheckedField spec, CheckedField codes)
    {
        if (codes["operator"].RequireText("valid values: [\"In\" \"NotIn\"]"))
        {
            codes["operator"].OneOf(_operators);
        }

        var container = codes["containerName"];
        if (container.IsSet && !HasContainer(spec["template"]["spec"], container.Text))
        {
            container.Invalid("must be one of the container or initContainer names in the pod template");
        }

        var values = codes["values"];
        if (values.Count == 0)
        {
            values.Invalid("at least one value is required");
        }
        else if (values.Count > MaxExitCodes)
        {
            values.TooMany(MaxExitCodes);
        }

        var seen = new HashSet<long>();
        var isOrdered = true;
        var last = long.MinValue;
        foreach (var value in values.Items)
        {
            var code = value.Number ?? 0;
            if (codes["operator"].Text == "In" && code == 0)
            {
                value.Invalid("must not be 0 for the In operator");
            }

            if (!seen.Add(code))
            {
                value.Duplicate();
            }

            isOrdered &= last <= code;
            last = code;
        }

        if (!isOrdered)
        {
            values.Invalid("must be ordered");
        }
    }

    private static bool HasContainer(CheckedField pod, string name)
    {
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            foreach (var container in pod[list].Items)
            {
                if (container["name"].Text == name)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void CheckSuccess(CheckedField spec, CheckedField policy)
    {
        if (!policy.IsSet)
        {
            return;
        }

        if (spec["completionMode"].Text != "Indexed")
        {
            policy.Invalid("requires indexed completion mode");
            return;
        }

        var rules = policy["rules"];
        if (rules.Count == 0)
        {
            rules.Required("at least one rules must be specified when the successPolicy is specified");
        }
        else if (rules.Count > MaxRules)
        {
            rules.TooMany(MaxRules);
        }

        foreach (var rule in rules.Items)
        {
            var count = rule["succeededCount"];
            if (!count.IsSet && !rule["succeededIndexes"].IsSet)
            {
                rule.Required("at least one of succeededCount or succeededIndexes must be specified");
            }

            count.NonNegative();
            if (count.Number > spec["completions"].Number)
            {
                count.Invalid($"must be less than or equal to {spec["completions"].Number} (the number of specified completions)");
            }
        }
    }
}
