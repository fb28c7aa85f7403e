using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>Which tokens of service accounts a node may ask for: those that end with a pod of its own.</summary>
internal static class NodeTokens
{
    /// <summary>Judges what a token is to be bound to.</summary>
    /// <param name="request">The request for it.</param>
    /// <param name="reference">What it is to be bound to; null: nothing.</param>
    /// <exception cref="ApiException">A node asks, and for no pod by its uid.</exception>
    public static void CheckReference(ApiRequest request, JsonObject? reference)
    {
        if (NodeIdentity.Of(request.User) is null)
        {
            return;
        }

        if ((reference.Text("apiVersion"), reference.Text("kind")) != ("v1", "Pod") || reference.Text("name").Length == 0)
        {
            throw Forbid(request, "node requested token not bound to a pod");
        }

        if (reference.Text("uid").Length == 0)
        {
            throw Forbid(request, "node requested token with a pod binding without a uid");
        }
    }

    /// <summary>Judges the pod that a token is to be bound to.</summary>
    /// <exception cref="ApiException">A node asks, and the pod is not bound to it.</exception>
    public static void CheckPod(ApiRequest request, JsonObject pod)
    {
        if (NodeIdentity.Of(request.User) is { } node && pod.Part("spec").Text("nodeName") != node)
        {
            throw Forbid(request, "node requested token bound to a pod scheduled on a different node");
        }
    }

    private static ApiException Forbid(ApiRequest request, string why) => ApiErrors.Forbidden(request.Type.Info, request.Name, why);
}
