using System.Collections.Immutable;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// The roles and bindings of a namespace, or those of the whole cluster, with the bindings by whom they are for. Never changed: a change
/// makes another one.
/// </summary>
internal sealed class PolicyScope
{
    private readonly ImmutableSortedDictionary<string, RoleBinding> _bindings;
    private readonly Dictionary<string, RoleGrant[]> _byUser;
    private readonly Dictionary<string, RoleGrant[]> _byGroup;

    private PolicyScope(ImmutableSortedDictionary<string, Role> roles, ImmutableSortedDictionary<string, RoleBinding> bindings)
    {
        Roles = roles;
        _bindings = bindings;
        var grants = bindings.Values.SelectMany(binding => binding.Subjects, (binding, subject) => new RoleGrant(binding, subject)).ToArray();
        _byUser = Index(grants, grant => grant.Subject.UserName);
        _byGroup = Index(grants, grant => grant.Subject.Kind == "Group" ? grant.Subject.Name : null);
    }

    private PolicyScope(PolicyScope other, ImmutableSortedDictionary<string, Role> roles)
    {
        Roles = roles;
        (_bindings, _byUser, _byGroup) = (other._bindings, other._byUser, other._byGroup);
    }

    public static PolicyScope Empty { get; } = new(
        ImmutableSortedDictionary.Create<string, Role>(StringComparer.Ordinal),
        ImmutableSortedDictionary.Create<string, RoleBinding>(StringComparer.Ordinal));

    /// <summary>The roles by their names.</summary>
    public ImmutableSortedDictionary<string, Role> Roles { get; }

    public bool IsEmpty => Roles.IsEmpty && _bindings.IsEmpty;

    /// <summary>What a user is given by name.</summary>
    public ReadOnlySpan<RoleGrant> OfUser(string name) => _byUser.TryGetValue(name, out var grants) ? grants : [];

    /// <summary>What a group is given.</summary>
    public ReadOnlySpan<RoleGrant> OfGroup(string name) => _byGroup.TryGetValue(name, out var grants) ? grants : [];

    /// <summary>The scope with other roles and bindings; null takes one away.</summary>
    public PolicyScope With(IReadOnlyDictionary<string, Role?> roles, IReadOnlyDictionary<string, RoleBinding?> bindings)
    {
        var newRoles = Change(Roles, roles);
        return bindings.Count == 0 ? new PolicyScope(this, newRoles) : new PolicyScope(newRoles, Change(_bindings, bindings));
    }

    private static ImmutableSortedDictionary<string, T> Change<T>(ImmutableSortedDictionary<string, T> all, IReadOnlyDictionary<string, T?> changes)
        where T : class
    {
        var builder = all.ToBuilder();
        foreach (var (name, value) in changes)
        {
            if (value is null)
            {
                builder.Remove(name);
            }
            else
            {
                builder[name] = value;
            }
        }

        return builder.ToImmutable();
    }

    private static Dictionary<string, RoleGrant[]> Index(RoleGrant[] grants, Func<RoleGrant, string?> key) => grants
        .Where(grant => key(grant) is not null)
        .GroupBy(grant => key(grant)!, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
}
