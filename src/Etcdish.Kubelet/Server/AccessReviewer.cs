using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Server;

/// <summary>Asks the API server what users may do, and remembers it for a while. Safe for use by many threads.</summary>
internal sealed class AccessReviewer(string node, KubernetesClient client, TimeProvider clock)
{
    // As long as a kubelet remembers them.
    private static readonly TimeSpan _allowedLife = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _deniedLife = TimeSpan.FromSeconds(30);

    private readonly ExpiringCache<string, bool> _answers = new(clock);

    /// <summary>Whether a user may do something to a subresource of this node.</summary>
    /// <exception cref="ApiStatusException">The API server refuses to say.</exception>
    /// <exception cref="HttpRequestException">The API server cannot be reached.</exception>
    public async ValueTask<bool> IsAllowedAsync(ServerUser user, string verb, string subresource, CancellationToken cancellation)
    {
        // By the API server's own rule; and so it reaches its nodes also while nobody answers questions.
        if (user.IsMaster)
        {
            return true;
        }

        var key = string.Join('\n', [user.Name, user.Uid, verb, subresource, .. user.Groups]);
        if (_answers.TryGet(key, out var isAllowed))
        {
            return isAllowed;
        }

        isAllowed = await AskAsync(user, verb, subresource, cancellation);
        _answers.Set(key, isAllowed, isAllowed ? _allowedLife : _deniedLife);
        return isAllowed;
    }

    private async Task<bool> AskAsync(ServerUser user, string verb, string subresource, CancellationToken cancellation)
    {
        var spec = new JsonObject
        {
            ["user"] = user.Name,
            ["uid"] = user.Uid,
            ["groups"] = new JsonArray([.. user.Groups.Select(group => (JsonNode)group)]),
            ["resourceAttributes"] = new JsonObject
            {
                ["verb"] = verb,
                ["version"] = "v1",
                ["resource"] = "nodes",
                ["subresource"] = subresource,
                ["name"] = node,
            },
        };
        var review = new JsonObject { ["apiVersion"] = "authorization.k8s.io/v1", ["kind"] = "SubjectAccessReview", ["spec"] = spec };
        var answer = await client.SendAsync(
            HttpMethod.Post, "/apis/authorization.k8s.io/v1/subjectaccessreviews", review, contentType: null, cancellation);
        return JsonNode.Parse(answer)?["status"]?["allowed"]?.GetValue<bool>() == true;
    }
}
