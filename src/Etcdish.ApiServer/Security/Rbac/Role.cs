using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>A Role or ClusterRole.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rules">What it allows.</param>
internal sealed record Role(string Name, PolicyRule[] Rules)
{
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Which roles' rules this one gathers; null if it has its own.</summary>
    public LabelSelector[]? Gathers { get; init; }

    public static Role Read(JsonObject value) => new(value.Name(), PolicyRule.ReadAll(value))
    {
        Labels = (value.Part("metadata").Part("labels") ?? [])
            .Where(label => label.Value is JsonValue)
            .ToDictionary(label => label.Key, label => label.Value!.ToString(), StringComparer.Ordinal),
        Gathers = value.Part("aggregationRule") is { } rule ? [.. rule.Items("clusterRoleSelectors").OfType<JsonObject>().Select(ReadSelector)] : null,
    };

    /// <summary>The rules that this role gathers from others: those of each selected role once, in the order of their names.</summary>
    public PolicyRule[] Gather(IEnumerable<Role> roles)
    {
        var all = new List<PolicyRule>();
        var sorted = roles.OrderBy(role => role.Name, StringComparer.Ordinal).ToArray();
        foreach (var selector in Gathers ?? [])
        {
            foreach (var rule in sorted.Where(role => role.Name != Name && selector.Matches(role.Labels)).SelectMany(role => role.Rules))
            {
                if (!all.Exists(rule.SameAs))
                {
                    all.Add(rule);
                }
            }
        }

        return [.. all];
    }

    private static LabelSelector ReadSelector(JsonObject selector)
    {
        try
        {
            return LabelSelector.FromObject(selector);
        }
        catch (SelectorException)
        {
            // It was stored unchecked, by an older program perhaps: what cannot be understood grants nothing.
            return LabelSelector.Nothing;
        }
    }
}
