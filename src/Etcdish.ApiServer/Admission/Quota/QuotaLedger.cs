using System.Text.Json.Nodes;
using Etcdish.ApiServer.Kinds;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Admission.Quota;

/// <summary>The account of one quota, as it was read: limits, usage, and what is added to it.</summary>
internal sealed class QuotaLedger
{
    private static readonly HashSet<string> _mustBeSaid = new(StringComparer.Ordinal)
    {
        "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory",
    };

    private static readonly ResourceInfo _pods = SchemaCatalog.BuiltIn.Resources.First(info => info is { Group: "", Kind: "Pod" });

    private readonly JsonObject _quota;
    private SortedDictionary<string, Quantity> _used;

    public QuotaLedger(JsonObject quota)
    {
        _quota = quota;
        Hard = Read(quota.Part("spec").Part("hard"));
        _used = Read(quota.Part("status").Part("used"));
        IsComplete = Hard.Keys.All(_used.ContainsKey);
    }

    public string Name => _quota.Name();

    /// <summary>The limits.</summary>
    public SortedDictionary<string, Quantity> Hard { get; }

    /// <summary>Whether usage is known of everything that is limited.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>How an object's going, coming or changing changes usage; only what is limited, and only what changes.</summary>
    public SortedDictionary<string, Quantity> Difference(ResourceInfo resource, JsonObject? before, JsonObject? after)
    {
        var change = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        Add(change, UsageOf(resource, after), 1);
        Add(change, UsageOf(resource, before), -1);
        foreach (var (name, amount) in change.ToArray())
        {
            if (amount.IsZero || !Hard.ContainsKey(name))
            {
                change.Remove(name);
            }
        }

        return change;
    }

    /// <summary>What an object uses of this quota.</summary>
    public SortedDictionary<string, Quantity> UsageOf(ResourceInfo resource, JsonObject? value) =>
        value is not null && QuotaScopes.Match(_quota, resource, value)
            ? QuotaUsage.Of(resource, value)
            : new SortedDictionary<string, Quantity>(StringComparer.Ordinal);

    /// <summary>Forgets the usage that was noted, for one that was counted.</summary>
    public void Recount(SortedDictionary<string, Quantity> counted)
    {
        _used = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var name in Hard.Keys)
        {
            _used[name] = counted.GetValueOrDefault(name);
        }

        IsComplete = true;
    }

    /// <summary>The names whose limit a change would break.</summary>
    public string[] Exceeded(SortedDictionary<string, Quantity> change) =>
        [.. change.Where(item => item.Value.Sign > 0 && _used.GetValueOrDefault(item.Key) + item.Value > Hard[item.Key])
            .Select(item => item.Key)];

    /// <summary>What a writer is told whose change breaks limits.</summary>
    public string Describe(SortedDictionary<string, Quantity> change, string[] exceeded)
    {
        var requested = string.Join(',', exceeded.Select(name => $"{name}={change[name]}"));
        var used = string.Join(',', exceeded.Select(name => $"{name}={_used.GetValueOrDefault(name)}"));
        var limited = string.Join(',', exceeded.Select(name => $"{name}={Hard[name]}"));
        return $"exceeded quota: {Name}, requested: {requested}, used: {used}, limited: {limited}";
    }

    /// <summary>The quota with the change noted in its status.</summary>
    public JsonObject Noted(SortedDictionary<string, Quantity> change)
    {
        Add(_used, change, 1);
        var used = new JsonObject();
        foreach (var name in Hard.Keys)
        {
            var amount = _used.GetValueOrDefault(name);
            used[name] = (amount.Sign < 0 ? default : amount).ToString();
        }

        _quota["status"] = new JsonObject { ["hard"] = _quota.Part("spec")?["hard"]?.DeepClone(), ["used"] = used };
        return _quota;
    }

    /// <summary>Pods must say how much they take of what is limited. Null if this one does.</summary>
    public string? Unspecified(JsonObject pod)
    {
        if (QuotaScopes.IsBestEffortOnly(_quota)
            || !QuotaScopes.Match(_quota, _pods, pod)
            || pod.Part("spec").Part("resources") is { Count: > 0 })
        {
            return null;
        }

        var missing = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        var spec = pod.Part("spec");
        foreach (var container in spec.Objects("containers").Concat(spec.Objects("initContainers")))
        {
            foreach (var name in Hard.Keys.Where(name => _mustBeSaid.Contains(name) && !Says(container, name)))
            {
                missing.TryAdd(name, new SortedSet<string>(StringComparer.Ordinal));
                missing[name].Add(container.Text("name"));
            }
        }

        return missing.Count == 0
            ? null
            : "must specify " + string.Join("; ", missing.Select(item => $"{item.Key} for: {string.Join(',', item.Value)}"));
    }

    private static bool Says(JsonObject container, string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var (what, resource) = dot < 0 ? ("requests", name) : (name[..dot], name[(dot + 1)..]);
        return container.Part("resources").Part(what)?.ContainsKey(resource) == true;
    }

    private static SortedDictionary<string, Quantity> Read(JsonObject? amounts) =>
        new(PodResources.Read(amounts).ToDictionary(StringComparer.Ordinal), StringComparer.Ordinal);

    private static void Add(SortedDictionary<string, Quantity> total, SortedDictionary<string, Quantity> amounts, int sign)
    {
        foreach (var (name, amount) in amounts)
        {
            total[name] = total.GetValueOrDefault(name) + (amount * sign);
        }
    }
}
