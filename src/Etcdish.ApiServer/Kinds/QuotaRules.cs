using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>ResourceQuotas and LimitRanges.</summary>
internal static class QuotaRules
{
    private static readonly string[] _scopes =
    [
        "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity",
        "VolumeAttributesClass",
    ];

    private static readonly string[] _bareScopes =
        ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"];

    private static readonly string[] _limitTypes = ["Pod", "Container", "PersistentVolumeClaim"];
    private static readonly string[] _limitFields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

    public static void CheckQuota(CheckedField quota, CheckedField stored)
    {
        var spec = quota["spec"];
        foreach (var (name, amount) in spec["hard"].Entries)
        {
            amount.QuotaResourceName(name);
            amount.ResourceAmount(name);
        }

        CheckScopes(spec["scopes"]);
        CheckSelector(spec["scopeSelector"]["matchExpressions"], spec);
        if (stored.IsSet)
        {
            CheckScopesAreKept(spec["scopes"], stored["spec"]["scopes"]);
        }
    }

    public static void CheckQuotaStatus(CheckedField quota)
    {
        foreach (var map in (ReadOnlySpan<string>)["hard", "used"])
        {
            foreach (var (name, amount) in quota["status"][map].Entries)
            {
                amount.QuotaResourceName(name);
                amount.ResourceAmount(name);
            }
        }
    }

    /// <summary>What a container is given unless it says otherwise follows from what it may have.</summary>
    public static void DefaultLimits(JsonObject range)
    {
        foreach (var limit in range.Part("spec").Objects("limits"))
        {
            if (limit.Text("type") == "Container")
            {
                FillIn(limit, "default", "max");
                FillIn(limit, "defaultRequest", "default");
                FillIn(limit, "defaultRequest", "min");
            }
        }
    }

    public static void CheckLimits(CheckedField range, CheckedField stored)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        foreach (var limit in range["spec"]["limits"].Items)
        {
            CheckLimitType(limit, types);
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var field in _limitFields)
            {
                if (limit["type"].Text == "Pod" && (field is "default" or "defaultRequest"))
                {
                    if (limit[field].Count > 0)
                    {
                        limit[field].Forbidden("may not be specified when `type` is 'Pod'");
                    }

                    continue;
                }

                foreach (var (name, amount) in limit[field].Entries)
                {
                    CheckName(limit["type"].Text, amount, name);
                    names.Add(name);
                }
            }

            foreach (var name in names)
            {
                CheckOrder(limit, name);
            }
        }
    }

    private static void CheckLimitType(CheckedField limit, HashSet<string> types)
    {
        var type = limit["type"];
        type.Check(NameRules.QualifiedName);
        if (type.HasText && !type.Text.Contains('/', StringComparison.Ordinal) && Array.IndexOf(_limitTypes, type.Text) < 0)
        {
            type.Invalid("must be a standard limit type or fully qualified");
        }

        if (!types.Add(type.Text))
        {
            type.Duplicate();
        }

        if (type.Text == "PersistentVolumeClaim" && !limit["min"]["storage"].IsSet && !limit["max"]["storage"].IsSet)
        {
            limit["limits"].Required("either minimum or maximum storage value is required, but neither was provided");
        }
    }

    private static void CheckName(string type, CheckedField amount, string name)
    {
        if (type is "Pod" or "Container")
        {
            amount.ContainerResourceName(name);
        }
        else
        {
            amount.ResourceName(name);
        }
    }

    private static void CheckOrder(CheckedField limit, string name)
    {
        var (least, most) = (limit["min"].Key(name), limit["max"].Key(name));
        var (given, asked) = (limit["default"].Key(name), limit["defaultRequest"].Key(name));
        CheckOrder(least, least, "min value", most, "max value");
        CheckOrder(asked, least, "min value", asked, "default request value");
        CheckOrder(asked, asked, "default request value", most, "max value");
        CheckOrder(asked, asked, "default request value", given, "default limit value");
        CheckOrder(given, least, "min value", given, "default value");
        CheckOrder(given, given, "default value", most, "max value");
        var ratio = limit["maxLimitRequestRatio"].Key(name);
        if (ratio.Amount() is { } factor && factor < new Quantity(1))
        {
            ratio.Invalid($"ratio {factor} is less than 1", factor.ToString());
        }

        if (!ResourceChecks.MayOvercommit(name) && given.Amount() is { } a && asked.Amount() is { } b && a != b)
        {
            asked.Invalid($"default value {a} must equal to defaultRequest value {b} in {name}", b.ToString());
        }
    }

    private static void CheckOrder(CheckedField place, CheckedField smaller, string smallerName, CheckedField larger, string largerName)
    {
        if (smaller.Amount() is { } a && larger.Amount() is { } b && a > b)
        {
            place.Invalid($"{smallerName} {a} is greater than {largerName} {b}", (place.Amount() ?? a).ToString());
        }
    }

    private static void FillIn(JsonObject limit, string target, string source)
    {
        if (limit.Part(source) is not { } amounts)
        {
            return;
        }

        foreach (var (name, amount) in amounts)
        {
            if (amount is not null)
            {
                limit.Ensure(target).Default(name, amount.DeepClone());
            }
        }
    }

    private static void CheckScopes(CheckedField scopes)
    {
        foreach (var scope in scopes.Items)
        {
            if (Array.IndexOf(_scopes, scope.Text) < 0)
            {
                scopes.Invalid("unsupported scope");
            }
        }

        if ((scopes.HasItem("BestEffort") && scopes.HasItem("NotBestEffort"))
            || (scopes.HasItem("Terminating") && scopes.HasItem("NotTerminating")))
        {
            scopes.Invalid("conflicting scopes");
        }
    }

    private static void CheckSelector(CheckedField expressions, CheckedField spec)
    {
        var place = spec["scopeSelector"].Child("matchExpressions", null);
        foreach (var expression in expressions.Items)
        {
            var scope = expression["scopeName"].Text;
            var operation = expression["operator"];
            if (Array.IndexOf(_scopes, scope) < 0)
            {
                place.Child("scopeName", expression["scopeName"].Value).Invalid("unsupported scope", scope);
            }

            if (Array.IndexOf(_bareScopes, scope) >= 0 && operation.Text != "Exists")
            {
                place.Child("operator", operation.Value).Invalid(
                    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                    + "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
                    operation.Text);
            }

            CheckOperator(place, expression);
        }
    }

    private static void CheckOperator(CheckedField place, CheckedField expression)
    {
        var values = place.Child("values", expression["values"].Value);
        switch (expression["operator"].Text)
        {
            case "In" or "NotIn":
                if (values.Count == 0)
                {
                    values.Required("must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
                }

                break;
            case "Exists" or "DoesNotExist":
                if (values.Count > 0)
                {
                    values.Invalid("must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
                }

                break;
            default:
                place.Child("operator", expression["operator"].Value).Invalid("not a valid selector operator", expression["operator"].Text);
                break;
        }
    }

    private static void CheckScopesAreKept(CheckedField scopes, CheckedField stored)
    {
        var isSame = scopes.Count == stored.Count;
        foreach (var scope in scopes.Items)
        {
            isSame &= stored.HasItem(scope.Text);
        }

        if (!isSame)
        {
            scopes.Invalid(CommonChecks.Immutable);
        }
    }
}
