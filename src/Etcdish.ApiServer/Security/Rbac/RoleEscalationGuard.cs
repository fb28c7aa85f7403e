using System.Text.Json.Nodes;
using Etcdish.ApiServer.Admission;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// Nobody makes himself or others mightier than he is: who writes a role must hold all that it allows, or have the verb <c>escalate</c> on
/// it; who binds one likewise, or have <c>bind</c>. Gathering rules from other roles takes the right to everything.
/// </summary>
internal sealed class RoleEscalationGuard(RbacAuthorizer authorizer) : IAdmissionPlugin
{
    public string Name => "RBACEscalation";

    public bool Handles(AdmissionRequest request) =>
        request.Object is not null && request.Write.Type.Info.Group == PolicyCache.ApiGroup && !request.Write.User.IsMaster;

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation) => request.Write.Type.Info.Kind switch
    {
        "Role" or "ClusterRole" => CheckRoleAsync(request, cancellation),
        "RoleBinding" or "ClusterRoleBinding" => CheckBindingAsync(request, cancellation),
        _ => ValueTask.CompletedTask,
    };

    private async ValueTask CheckRoleAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var wanted = request.Object!;
        if (request.Stored is { } stored && SameIn(wanted, stored, "rules", "aggregationRule"))
        {
            return;
        }

        if (await MayAsync("escalate", request.Write, request.Write.Type.Info.Name, wanted.Name(), cancellation))
        {
            return;
        }

        await RequireHeldAsync(request.Write, wanted.Name(), PolicyRule.ReadAll(wanted), cancellation);
        var gathers = wanted["aggregationRule"] is not null || request.Stored?["aggregationRule"] is not null;
        if (gathers && (await MissingAsync(request.Write, PolicyRule.Everything, cancellation)).Count > 0)
        {
            throw ApiErrors.Forbidden(
                request.Write.Type.Info, wanted.Name(), "must have cluster-admin privileges to use an aggregationRule");
        }
    }

    private async ValueTask CheckBindingAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var wanted = request.Object!;
        if (request.Stored is { } stored && SameIn(wanted, stored, "roleRef", "subjects"))
        {
            return;
        }

        var (write, binding) = (request.Write, RoleBinding.Read(wanted));
        var resource = binding.RoleKind == "ClusterRole" ? "clusterroles" : "roles";
        if (await MayAsync("bind", write, resource, binding.RoleName, cancellation))
        {
            return;
        }

        var role = await authorizer.FindRoleAsync(binding.RoleKind, binding.RoleName, write.Namespace, cancellation)
            ?? throw RoleNotFound(resource, binding.RoleName);
        await RequireHeldAsync(write, wanted.Name(), role.Rules, cancellation);
    }

    private static bool SameIn(JsonObject left, JsonObject right, params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            if (!JsonNode.DeepEquals(left[field], right[field]))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<bool> MayAsync(
        string verb, WriteRequest write, string resource, string name, CancellationToken cancellation)
    {
        var wish = new AccessRequest(write.User, verb)
        {
            Group = PolicyCache.ApiGroup,
            Resource = resource,
            Namespace = write.Namespace,
            Name = name,
        };
        return (await authorizer.DecideAsync(wish, cancellation)).IsAllowed;
    }

    private async ValueTask<IReadOnlyList<PolicyRule>> MissingAsync(
        WriteRequest write, IEnumerable<PolicyRule> rules, CancellationToken cancellation) =>
        RuleCoverage.Missing(await authorizer.RulesOfAsync(write.User, write.Namespace, cancellation), rules);

    private async ValueTask RequireHeldAsync(WriteRequest write, string name, PolicyRule[] rules, CancellationToken cancellation)
    {
        var missing = await MissingAsync(write, rules, cancellation);
        if (missing.Count > 0)
        {
            var groups = string.Join(' ', write.User.Groups.Select(group => $"\"{group}\""));
            var lines = missing.Select(rule => rule.ToString()).Order(StringComparer.Ordinal);
            throw ApiErrors.Forbidden(
                write.Type.Info,
                name,
                $"user \"{write.User.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
                + string.Join('\n', lines));
        }
    }

    private static ApiException RoleNotFound(string resource, string name)
    {
        var kind = resource.TrimEnd('s');
        return new ApiException(404, "NotFound", $"{kind}.{PolicyCache.ApiGroup} \"{name}\" not found")
        {
            Name = name,
            Group = PolicyCache.ApiGroup,
            Kind = kind,
        };
    }
}
