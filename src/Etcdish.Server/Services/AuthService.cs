using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Server.Services;

/// <summary>
/// etcdserverpb.Auth of a server without users: it is off, and says so. What would create users or switch it on is refused plainly, so that
/// nobody takes open data for protected.
/// </summary>
internal sealed class AuthService(ServiceContext context)
{
    private const ulong InitialAuthRevision = 1;

    public void Register(RpcServices services)
    {
        RpcService auth = services.AddService(AuthServiceReflection.Descriptor.Services.Single())
            .Add<AuthStatusRequest, AuthStatusResponse>("AuthStatus", context, StatusAsync)
            .Add<AuthDisableRequest, AuthDisableResponse>("AuthDisable", context, DisableAsync)
            .Add<AuthenticateRequest, AuthenticateResponse>("Authenticate", context, (_, _) => throw EtcdError.AuthNotEnabled.ToRpc())
            .Add<AuthUserListRequest, AuthUserListResponse>("UserList", context, ListUsersAsync)
            .Add<AuthRoleListRequest, AuthRoleListResponse>("RoleList", context, ListRolesAsync)
            .Add<AuthUserGetRequest, AuthUserGetResponse>("UserGet", context, (_, _) => throw EtcdError.UserNotFound.ToRpc())
            .Add<AuthRoleGetRequest, AuthRoleGetResponse>("RoleGet", context, (_, _) => throw EtcdError.RoleNotFound.ToRpc());
        Refuse<AuthEnableRequest, AuthEnableResponse>(auth, "AuthEnable");
        Refuse<AuthUserAddRequest, AuthUserAddResponse>(auth, "UserAdd");
        Refuse<AuthUserDeleteRequest, AuthUserDeleteResponse>(auth, "UserDelete");
        Refuse<AuthUserChangePasswordRequest, AuthUserChangePasswordResponse>(auth, "UserChangePassword");
        Refuse<AuthUserGrantRoleRequest, AuthUserGrantRoleResponse>(auth, "UserGrantRole");
        Refuse<AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse>(auth, "UserRevokeRole");
        Refuse<AuthRoleAddRequest, AuthRoleAddResponse>(auth, "RoleAdd");
        Refuse<AuthRoleDeleteRequest, AuthRoleDeleteResponse>(auth, "RoleDelete");
        Refuse<AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse>(auth, "RoleGrantPermission");
        Refuse<AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse>(auth, "RoleRevokePermission");
    }

    private Protos.ResponseHeader Header() => context.HeaderMessage(context.Node.Store.CurrentRevision);

    private ValueTask<AuthStatusResponse> StatusAsync(AuthStatusRequest request, ServerCall call) =>
        new(new AuthStatusResponse { Header = Header(), Enabled = false, AuthRevision = InitialAuthRevision });

    private ValueTask<AuthDisableResponse> DisableAsync(AuthDisableRequest request, ServerCall call) =>
        new(new AuthDisableResponse { Header = Header() });

    private ValueTask<AuthUserListResponse> ListUsersAsync(AuthUserListRequest request, ServerCall call) =>
        new(new AuthUserListResponse { Header = Header() });

    private ValueTask<AuthRoleListResponse> ListRolesAsync(AuthRoleListRequest request, ServerCall call) =>
        new(new AuthRoleListResponse { Header = Header() });

    private void Refuse<TRequest, TResponse>(RpcService auth, string method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        auth.Add<TRequest, TResponse>(method, context, (_, _) => throw new RpcException(
            StatusCode.Unimplemented, "this server has no users and roles; protect it with --client-cert-auth"));
}
