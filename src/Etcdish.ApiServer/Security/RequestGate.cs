using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Security.Authentication;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security;

/// <summary>What every request passes first: who makes it, as whom he wants to act, and whether that one may do that.</summary>
/// <param name="authenticator">Finds out who; null lets everybody in as the server itself.</param>
/// <param name="impersonation">Lets users act as others.</param>
/// <param name="authorizer">Decides.</param>
internal sealed class RequestGate(Authenticator? authenticator, Impersonation impersonation, Authorizer authorizer)
{
    /// <summary>Lets a request in and notes whose it is.</summary>
    /// <param name="http">The request.</param>
    /// <param name="known">Who makes it, if that needs no proof: a client in this process. Null: who it is is found out.</param>
    /// <exception cref="ApiException">It is not let in.</exception>
    public async ValueTask EnterAsync(HttpContext http, RequestUser? known)
    {
        var user = known ?? (authenticator is null ? RequestUser.Server : await authenticator.AuthenticateAsync(http));
        user = await impersonation.ApplyAsync(http, user);
        user.AttachTo(http);
        if (!user.IsMaster)
        {
            await authorizer.RequireAsync(AccessRequest.Of(http, user), http.RequestAborted);
        }
    }
}
