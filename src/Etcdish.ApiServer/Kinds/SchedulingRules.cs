using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Where a pod may run: affinity, tolerations, spread.</summary>
internal static class SchedulingRules
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";

    private static readonly string[] _effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    private static readonly string[] _tolerationOperators = ["Equal", "Exists"];
    private static readonly string[] _unsatisfiable = ["DoNotSchedule", "ScheduleAnyway"];
    private static readonly string[] _inclusion = ["Honor", "Ignore"];

    /// <summary>The affinity of a pod.</summary>
    public static void CheckAffinity(CheckedField affinity)
    {
        var node = affinity["nodeAffinity"];
        if (node[Required].IsSet)
        {
            CheckNodeSelector(node[Required]);
        }

        foreach (var term in node[Preferred].Items)
        {
            CheckWeight(term["weight"]);
            CheckNodeTerm(term["preference"], valuesAreLabels: false);
        }

        CheckPodTerms(affinity["podAffinity"]);
        CheckPodTerms(affinity["podAntiAffinity"]);
    }

    /// <summary>A selector of nodes, such as a volume's.</summary>
    public static void CheckNodeSelector(CheckedField selector)
    {
        var terms = selector["nodeSelectorTerms"];
        if (terms.Count == 0)
        {
            terms.Required("must have at least one node selector term");
        }

        foreach (var term in terms.Items)
        {
            CheckNodeTerm(term, valuesAreLabels: true);
        }
    }

    public static void CheckTolerations(CheckedField tolerations)
    {
        foreach (var toleration in tolerations.Items)
        {
            CheckToleration(toleration);
        }
    }

    /// <summary>The effect of a taint or toleration.</summary>
    public static void CheckEffect(CheckedField effect) => effect.OneOf(_effects);

    public static void CheckSpread(CheckedField constraints)
    {
        for (var i = 0; i < constraints.Count; i++)
        {
            CheckSpread(constraints, i);
        }
    }

    private static void CheckNodeTerm(CheckedField term, bool valuesAreLabels)
    {
        foreach (var expression in term["matchExpressions"].Items)
        {
            CheckNodeRequirement(expression, valuesAreLabels);
        }

        foreach (var requirement in term["matchFields"].Items)
        {
            CheckNodeField(requirement);
        }
    }

    private static void CheckNodeRequirement(CheckedField expression, bool valuesAreLabels)
    {
        var values = expression["values"];
        switch (expression["operator"].Text)
        {
            case "In" or "NotIn" when values.Count == 0:
                values.Required("must be specified when `operator` is 'In' or 'NotIn'");
                break;
            case "Exists" or "DoesNotExist" when values.Count > 0:
                values.Forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                break;
            case "Gt" or "Lt" when values.Count != 1:
                values.Required("must be specified single value when `operator` is 'Lt' or 'Gt'");
                break;
            case "In" or "NotIn" or "Exists" or "DoesNotExist" or "Gt" or "Lt":
                break;
            default:
                expression["operator"].Invalid("not a valid selector operator", expression["operator"].Text);
                break;
        }

        expression["key"].Check(NameRules.QualifiedName);
        if (valuesAreLabels)
        {
            foreach (var value in values.Items)
            {
                value.Check(NameRules.LabelValue);
            }
        }
    }

    private static void CheckNodeField(CheckedField requirement)
    {
        var values = requirement["values"];
        if (requirement["operator"].Text is not ("In" or "NotIn"))
        {
            requirement["operator"].Invalid("not a valid selector operator", requirement["operator"].Text);
        }
        else if (values.Count != 1)
        {
            values.Required("must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
        }

        if (requirement["key"].Text != "metadata.name")
        {
            requirement["key"].Invalid("not a valid field selector key", requirement["key"].Text);
            return;
        }

        foreach (var value in values.Items)
        {
            value.Check(NameRules.Dns1123Subdomain);
        }
    }

    private static void CheckPodTerms(CheckedField affinity)
    {
        foreach (var term in affinity[Required].Items)
        {
            CheckPodTerm(term);
        }

        foreach (var term in affinity[Preferred].Items)
        {
            CheckWeight(term["weight"]);
            CheckPodTerm(term["podAffinityTerm"]);
        }
    }

    private static void CheckPodTerm(CheckedField term)
    {
        term["labelSelector"].Selector();
        term["namespaceSelector"].Selector();
        foreach (var name in term["namespaces"].Items)
        {
            term.Child("namespace", name.Value).Check(NameRules.Dns1123Label);
        }

        CheckLabelKeys(term["matchLabelKeys"], term["labelSelector"]);
        CheckLabelKeys(term["mismatchLabelKeys"], term["labelSelector"]);
        foreach (var key in term["matchLabelKeys"].Items)
        {
            if (term["mismatchLabelKeys"].HasItem(key.Text))
            {
                key.Invalid("exists in both matchLabelKeys and mismatchLabelKeys", key.Text);
            }
        }

        term["topologyKey"].RequireText("can not be empty");
        term["topologyKey"].Check(NameRules.QualifiedName);
    }

    private static void CheckLabelKeys(CheckedField keys, CheckedField selector)
    {
        if (keys.Count == 0)
        {
            return;
        }

        if (!selector.IsSet)
        {
            keys.Forbidden("must not be specified when labelSelector is not set");
            return;
        }

        foreach (var key in keys.Items)
        {
            key.Check(NameRules.QualifiedName);
        }
    }

    private static void CheckWeight(CheckedField weight) => weight.Between(1, 100, "must be in the range 1-100");

    private static void CheckToleration(CheckedField toleration)
    {
        var key = toleration["key"];
        var effect = toleration["effect"];
        var operation = toleration["operator"];
        var value = toleration["value"].Text;
        key.CheckIfSet(NameRules.QualifiedName);
        if (!key.HasText && operation.Text != "Exists")
        {
            operation.Invalid("operator must be Exists when `key` is empty, which means \"match all values and all keys\"", operation.Text);
        }

        if (toleration["tolerationSeconds"].IsSet && effect.Text != "NoExecute")
        {
            effect.Invalid("effect must be 'NoExecute' when `tolerationSeconds` is set", effect.Text);
        }

        switch (operation.Text)
        {
            case "" or "Equal":
                if (NameRules.LabelValue(value) is { Count: > 0 } problems)
                {
                    operation.Invalid(string.Join(';', problems), value);
                }

                break;
            case "Exists":
                if (value.Length > 0)
                {
                    operation.Invalid("value must be empty when `operator` is 'Exists'", value);
                }

                break;
            default:
                operation.NotSupported(_tolerationOperators);
                break;
        }

        if (effect.HasText)
        {
            CheckEffect(effect);
        }
    }

    private static void CheckSpread(CheckedField constraints, int at)
    {
        var constraint = constraints[at];
        var skew = constraint["maxSkew"];
        skew.Between(1, int.MaxValue, CommonChecks.Positive);
        constraint["topologyKey"].RequireText("can not be empty");
        constraint["whenUnsatisfiable"].OneOf(_unsatisfiable);
        for (var i = at + 1; i < constraints.Count; i++)
        {
            var (topology, action) = (constraint["topologyKey"].Text, constraint["whenUnsatisfiable"].Text);
            if (constraints[i]["topologyKey"].Text == topology && constraints[i]["whenUnsatisfiable"].Text == action)
            {
                constraint["{topologyKey, whenUnsatisfiable}"].Duplicate($"{{{topology}, {action}}}");
                break;
            }
        }

        CheckMinDomains(constraint);
        constraint["nodeAffinityPolicy"].OneOfIfSet(_inclusion);
        constraint["nodeTaintsPolicy"].OneOfIfSet(_inclusion);
        CheckSpreadKeys(constraint["matchLabelKeys"], constraint["labelSelector"]);
        constraint["labelSelector"].Selector();
    }

    private static void CheckMinDomains(CheckedField constraint)
    {
        var least = constraint["minDomains"];
        if (least.Number <= 0)
        {
            least.Invalid(CommonChecks.Positive);
        }

        if (least.IsSet && constraint["whenUnsatisfiable"].Text is not "DoNotSchedule" and var action)
        {
            least.Invalid($"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        }
    }

    private static void CheckSpreadKeys(CheckedField keys, CheckedField selector)
    {
        if (keys.Count > 0 && !selector.IsSet)
        {
            keys.Forbidden("must not be specified when labelSelector is not set");
        }

        foreach (var key in keys.Items)
        {
            key.Check(NameRules.QualifiedName);
            if (selector["matchLabels"][key.Text].IsSet || IsInExpressions(selector["matchExpressions"], key.Text))
            {
                key.Invalid("exists in both matchLabelKeys and labelSelector", key.Text);
            }
        }
    }

    private static bool IsInExpressions(CheckedField expressions, string key)
    {
        foreach (var expression in expressions.Items)
        {
            if (expression["key"].Text == key)
            {
                return true;
            }
        }

        return false;
    }
}
