using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Names and amounts of resources, such as <c>cpu: 100m</c>.</summary>
internal static class ResourceChecks
{
    private const string HugePages = "hugepages-";

    private static readonly HashSet<string> _container = new(StringComparer.Ordinal) { "cpu", "memory", "ephemeral-storage" };

    private static readonly HashSet<string> _quota = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers",
        "secrets", "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers",
    };

    private static readonly HashSet<string> _standard = [.. _quota, "storage"];

    private static readonly HashSet<string> _whole = new(StringComparer.Ordinal)
    {
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
        "services.nodeports", "services.loadbalancers",
    };

    /// <summary>The amount; null if there is none that can be read.</summary>
    public static Quantity? Amount(this CheckedField field) =>
        field.Value is JsonValue value && Quantity.TryParse(value.ToString(), out var amount) ? amount : null;

    /// <summary>The name of a resource that a container may ask for.</summary>
    public static void ContainerResourceName(this CheckedField field, string name)
    {
        if (!field.ResourceName(name))
        {
            return;
        }

        if (!name.Contains('/', StringComparison.Ordinal))
        {
            if (!_container.Contains(name) && !name.StartsWith(HugePages, StringComparison.Ordinal))
            {
                field.Invalid("must be a standard resource for containers", name);
            }
        }
        else if (!IsNative(name) && !IsExtended(name))
        {
            field.Invalid("doesn't follow extended resource name standard", name);
        }
    }

    /// <summary>The name of a resource that a quota may count.</summary>
    public static void QuotaResourceName(this CheckedField field, string name)
    {
        if (field.ResourceName(name) && !name.Contains('/', StringComparison.Ordinal)
            && !_quota.Contains(name) && !IsHugePages(name))
        {
            field.Invalid("must be a standard resource for quota", name);
        }
    }

    /// <summary>Whether the name is one of a resource at all; says so if not.</summary>
    public static bool ResourceName(this CheckedField field, string name)
    {
        var problems = NameRules.QualifiedName(name);
        foreach (var problem in problems)
        {
            field.Invalid(problem, name);
        }

        if (problems.Count > 0)
        {
            return false;
        }

        if (name.Contains('/', StringComparison.Ordinal) || _standard.Contains(name) || IsHugePages(name))
        {
            return true;
        }

        field.Invalid("must be a standard resource type or fully qualified", name);
        return false;
    }

    /// <summary>An amount of a resource.</summary>
    public static void ResourceAmount(this CheckedField field, string resource)
    {
        if (field.Amount() is not { } amount)
        {
            return;
        }

        if (amount.Sign < 0)
        {
            field.Invalid(CommonChecks.NotNegative, amount.ToString());
        }

        if ((_whole.Contains(resource) || IsExtended(resource)) && new Quantity(amount.Value) != amount)
        {
            field.Invalid("must be an integer", amount.ToString());
        }
    }

    /// <summary>What a container asks for and is limited to.</summary>
    public static void ResourceRequirements(this CheckedField resources, Action<CheckedField, string> checkName)
    {
        var limits = resources["limits"];
        var requests = resources["requests"];
        foreach (var (name, limit) in limits.Entries)
        {
            checkName(limit, name);
            limit.ResourceAmount(name);
        }

        foreach (var (name, request) in requests.Entries)
        {
            checkName(request, name);
            request.ResourceAmount(name);
            RequestWithinLimit(name, requests, request.Amount(), limits);
        }

        if (HasHugePages(limits) || HasHugePages(requests))
        {
            if (!HasComputed(limits) && !HasComputed(requests))
            {
                resources.Forbidden("HugePages require cpu or memory");
            }
        }
    }

    /// <summary>Whether a resource belongs to Kubernetes rather than to a vendor.</summary>
    public static bool IsNative(string name) =>
        !name.Contains('/', StringComparison.Ordinal) || name.Contains("kubernetes.io/", StringComparison.Ordinal);

    /// <summary>Whether more may be promised than there is.</summary>
    public static bool MayOvercommit(string name) => IsNative(name) && !IsHugePages(name);

    private static void RequestWithinLimit(string name, CheckedField requests, Quantity? request, CheckedField limits)
    {
        if (request is not { } amount)
        {
            return;
        }

        if (limits.Key(name).Amount() is { } limit)
        {
            if (amount != limit && !MayOvercommit(name))
            {
                requests.Invalid($"must be equal to {name} limit of {limit}", amount.ToString());
            }
            else if (amount > limit)
            {
                requests.Invalid($"must be less than or equal to {name} limit of {limit}", amount.ToString());
            }
        }
        else if (!MayOvercommit(name))
        {
            limits.Required("Limit must be set for non overcommitable resources");
        }
    }

    private static bool IsHugePages(string name) =>
        name.StartsWith(HugePages, StringComparison.Ordinal) || name.StartsWith("requests." + HugePages, StringComparison.Ordinal);

    private static bool IsExtended(string name) => !IsNative(name) && !name.StartsWith("requests.", StringComparison.Ordinal)
        && NameRules.QualifiedName("requests." + name).Count == 0;

    private static bool HasComputed(CheckedField amounts) => amounts["cpu"].IsSet || amounts["memory"].IsSet;

    private static bool HasHugePages(CheckedField amounts)
    {
        foreach (var (name, _) in amounts.Entries)
        {
            if (name.StartsWith(HugePages, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
