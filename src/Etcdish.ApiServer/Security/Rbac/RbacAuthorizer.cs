namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>Whether somebody may do something.</summary>
/// <param name="IsAllowed">Whether he may.</param>
/// <param name="Grant">By which binding; null if he may without one, or may not.</param>
/// <param name="Problem">If he may not: what was wrong with the bindings that are his; empty for nothing.</param>
internal readonly record struct AccessDecision(bool IsAllowed, RoleGrant? Grant, string Problem)
{
    public static AccessDecision Always { get; } = new(true, null, "");

    /// <summary>Why it is not allowed as what a node does; empty if there is nothing to say.</summary>
    public string NodeFault { get => field ?? ""; init; }

    /// <summary>The decision's reason in words, a line for each who was asked; empty if there is nothing to say.</summary>
    public string Reason => Grant is not null ? $"RBAC: allowed by {Grant}"
        : Problem.Length == 0 ? NodeFault
        : NodeFault.Length == 0 ? $"RBAC: {Problem}"
        : $"{NodeFault}\nRBAC: {Problem}";
}

/// <summary>
/// Decides by roles: a request is allowed if a rule of any role that is bound to the user or to a group of his allows it, in the cluster or
/// in the request's namespace. Members of <c>system:masters</c> are not asked.
/// </summary>
internal sealed class RbacAuthorizer(PolicyCache policy)
{
    /// <exception cref="Storage.StoreUnavailableException">What was written last is not known.</exception>
    public ValueTask<AccessDecision> DecideAsync(AccessRequest request, CancellationToken cancellation)
    {
        if (request.User.IsMaster)
        {
            return new(AccessDecision.Always);
        }

        var current = policy.CatchUpAsync(cancellation);
        return current.IsCompletedSuccessfully ? new(Decide(request)) : DecideLaterAsync(current, request);
    }

    /// <summary>All rules that a user holds in a namespace, or in the cluster if that is empty.</summary>
    public async ValueTask<IReadOnlyList<PolicyRule>> RulesOfAsync(RequestUser user, string scope, CancellationToken cancellation)
    {
        await policy.CatchUpAsync(cancellation);
        var rules = new List<PolicyRule>();
        foreach (var content in new[] { policy.Cluster, policy.In(scope) })
        {
            var grants = content.OfUser(user.Name).ToArray().Concat(user.Groups.SelectMany(group => content.OfGroup(group).ToArray()));
            foreach (var binding in grants.Select(grant => grant.Binding).Distinct())
            {
                rules.AddRange(FindRole(binding.RoleKind, binding.RoleName, scope)?.Rules ?? []);
            }
        }

        return rules;
    }

    /// <summary>The role that a binding of a namespace, or of the cluster if that is empty, means; null if there is none.</summary>
    public async ValueTask<Role?> FindRoleAsync(string kind, string name, string scope, CancellationToken cancellation)
    {
        await policy.CatchUpAsync(cancellation);
        return FindRole(kind, name, scope);
    }

    private Role? FindRole(string kind, string name, string scope) => kind switch
    {
        "ClusterRole" => policy.Cluster.Roles.GetValueOrDefault(name),
        "Role" => policy.In(scope).Roles.GetValueOrDefault(name),
        _ => null,
    };

    private async ValueTask<AccessDecision> DecideLaterAsync(ValueTask current, AccessRequest request)
    {
        await current;
        return Decide(request);
    }

    private AccessDecision Decide(AccessRequest request)
    {
        List<string>? missing = null;
        var grant = Find(policy.Cluster, request, ref missing);
        if (grant is null && request.Namespace.Length > 0)
        {
            grant = Find(policy.In(request.Namespace), request, ref missing);
        }

        return grant is not null
            ? new AccessDecision(true, grant, "")
            : new AccessDecision(false, null, missing switch
            {
                null => "",
                [var only] => only,
                _ => $"[{string.Join(", ", missing.Distinct())}]",
            });
    }

    private RoleGrant? Find(PolicyScope scope, AccessRequest request, ref List<string>? missing)
    {
        var grant = Find(scope.OfUser(request.User.Name), request, ref missing);
        var groups = request.User.Groups;
        for (var i = 0; grant is null && i < groups.Count; i++)
        {
            grant = Find(scope.OfGroup(groups[i]), request, ref missing);
        }

        return grant;
    }

    private RoleGrant? Find(ReadOnlySpan<RoleGrant> grants, AccessRequest request, ref List<string>? missing)
    {
        foreach (var grant in grants)
        {
            var binding = grant.Binding;
            if (FindRole(binding.RoleKind, binding.RoleName, binding.Namespace) is not { } role)
            {
                var kind = binding.RoleKind == "Role" ? "role" : "clusterrole";
                (missing ??= []).Add($"{kind}.{PolicyCache.ApiGroup} \"{binding.RoleName}\" not found");
                continue;
            }

            foreach (var rule in role.Rules)
            {
                if (rule.Allows(request))
                {
                    return grant;
                }
            }
        }

        return null;
    }
}
