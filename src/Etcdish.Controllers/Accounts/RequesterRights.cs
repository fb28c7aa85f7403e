using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Asks the API what those may do who ask for certificates.</summary>
internal static class RequesterRights
{
    private static readonly ApiResource _reviews =
        new("authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", false);

    /// <summary>Whether who asked for a certificate may do something.</summary>
    /// <param name="client">The API.</param>
    /// <param name="request">The request for a certificate.</param>
    /// <param name="attributes">What: the resourceAttributes of a SubjectAccessReview.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<bool> AskAsync(
        KubernetesClient client, CertificateSigningRequest request, JsonObject attributes, CancellationToken cancellation)
    {
        var spec = new JsonObject
        {
            ["user"] = request.Spec.Username,
            ["uid"] = request.Spec.Uid,
            ["groups"] = new JsonArray([.. request.Spec.Groups.Select(group => (JsonNode)group)]),
            ["extra"] = request.Spec.Extra?.DeepClone(),
            ["resourceAttributes"] = attributes,
        };
        var review = new JsonObject { ["apiVersion"] = _reviews.ApiVersion, ["kind"] = _reviews.Kind, ["spec"] = spec };
        using var answer = JsonDocument.Parse(await client.SendAsync(HttpMethod.Post, _reviews.Path(""), review, null, cancellation));
        return answer.RootElement.GetProperty("status").TryGetProperty("allowed", out var allowed)
            && allowed.ValueKind == JsonValueKind.True;
    }
}
