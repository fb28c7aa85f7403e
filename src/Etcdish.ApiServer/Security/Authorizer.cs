using Etcdish.ApiServer.Security.Nodes;
using Etcdish.ApiServer.Security.Rbac;

namespace Etcdish.ApiServer.Security;

/// <summary>Decides who may do what: nodes by what their pods need, and everybody by roles. What one of them allows is allowed.</summary>
internal sealed class Authorizer(NodeAuthorizer nodes, RbacAuthorizer roles)
{
    /// <exception cref="Storage.StoreUnavailableException">What was written last is not known.</exception>
    public ValueTask<AccessDecision> DecideAsync(AccessRequest request, CancellationToken cancellation) =>
        !request.User.IsMaster && NodeIdentity.Of(request.User) is { } node
            ? DecideForNodeAsync(node, request, cancellation)
            : roles.DecideAsync(request, cancellation);

    /// <summary>Sees that a request is allowed.</summary>
    /// <exception cref="Http.ApiException">It is not.</exception>
    public async ValueTask RequireAsync(AccessRequest request, CancellationToken cancellation)
    {
        var decision = await DecideAsync(request, cancellation);
        if (!decision.IsAllowed)
        {
            throw request.Refuse(decision.Reason);
        }
    }

    /// <summary>All rules that a user holds by roles in a namespace, or in the cluster if that is empty.</summary>
    public ValueTask<IReadOnlyList<PolicyRule>> RulesOfAsync(RequestUser user, string scope, CancellationToken cancellation) =>
        roles.RulesOfAsync(user, scope, cancellation);

    private async ValueTask<AccessDecision> DecideForNodeAsync(string node, AccessRequest request, CancellationToken cancellation)
    {
        var decision = await nodes.DecideAsync(node, request, cancellation);
        return decision.IsAllowed
            ? AccessDecision.Always
            : (await roles.DecideAsync(request, cancellation)) with { NodeFault = decision.Fault! };
    }
}
