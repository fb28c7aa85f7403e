using Etcdish.Kubernetes.Client;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Server;

/// <summary>Lets those pass who may do what they ask for, and answers the others as a kubelet does.</summary>
internal sealed class RequestGuard(ClientAuthenticator authenticator, AccessReviewer reviewer, Action<string> warn)
{
    /// <summary>Whether a request may go on; if not, it was answered.</summary>
    public async ValueTask<bool> AdmitAsync(HttpContext http)
    {
        if (await authenticator.FindAsync(http) is not { } user)
        {
            await Answer.TextAsync(http, 401, "Unauthorized");
            return false;
        }

        var wish = AccessWish.Of(http.Request.Method, http.Request.Path.Value ?? "");
        foreach (var subresource in wish.Subresources)
        {
            try
            {
                if (await reviewer.IsAllowedAsync(user, wish.Verb, subresource, http.RequestAborted))
                {
                    return true;
                }
            }
            catch (Exception e) when (e is ApiStatusException or HttpRequestException)
            {
                warn($"server: access cannot be reviewed: {e.Message}");
                await Answer.TextAsync(http, 500, $"Authorization error ({Describe(user, wish)}, subresource={subresource})");
                return false;
            }
        }

        await Answer.TextAsync(http, 403, $"Forbidden ({Describe(user, wish)}, subresource(s)=[{string.Join(' ', wish.Subresources)}])\n");
        return false;
    }

    private static string Describe(ServerUser user, AccessWish wish) => $"user={user.Name}, verb={wish.Verb}, resource=nodes";
}
