using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Approves requests of kubelets for the certificates by which they are known to the API, if they have the right to ask.</summary>
public sealed class CertificateApprover : Controller
{
    private readonly Informer<CertificateSigningRequest> _requests;

    /// <summary>Makes one.</summary>
    public CertificateApprover(ControllerContext context)
        : base("certificatesigningrequest-approving-controller", context)
    {
        _requests = context.Informers.Of(Resources.CertificateSigningRequests);
        _requests.Subscribe((_, now) =>
        {
            if (now is not null && IsOpen(now))
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>A condition that holds.</summary>
    internal static JsonObject Condition(string type, string reason, string message) =>
        new() { ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message };

    /// <summary>Adds a condition to those that a request without a certificate has, if it still is as it was read.</summary>
    internal static async Task AddConditionAsync(
        KubernetesClient client, CertificateSigningRequest request, JsonObject condition, string part, CancellationToken cancellation)
    {
        // A merge patch would replace the whole list; a JSON patch appends, and leaves what is there as it is.
        var isFirst = request.Status.Conditions.Length == 0;
        var patch = new JsonArray(
            Step("test", "/metadata/resourceVersion", request.Metadata.ResourceVersion),
            isFirst
                ? Step("add", "/status", new JsonObject { ["conditions"] = new JsonArray(condition) })
                : Step("add", "/status/conditions/-", condition));
        await client.PatchAsync(
            Resources.CertificateSigningRequests, "", request.Metadata.Name, patch, PatchKind.Json, part, cancellation);
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_requests.Find(key) is not { } request || !IsOpen(request))
        {
            return;
        }

        var asked = AskedCertificate.Read(request.Spec.Request);
        if (SignerRules.FindFault(SignerRules.KubeletClient, asked, request.Spec.Usages) is not null)
        {
            return;
        }

        if (request.Spec.Username == asked.CommonName && await MayAsync(request, "selfnodeclient", cancellation))
        {
            await ApproveAsync(request, "Auto approving self kubelet client certificate after SubjectAccessReview.", cancellation);
        }
        else if (await MayAsync(request, "nodeclient", cancellation))
        {
            await ApproveAsync(request, "Auto approving kubelet client certificate after SubjectAccessReview.", cancellation);
        }
    }

    private static bool IsOpen(CertificateSigningRequest request) =>
        request.Spec.SignerName == SignerRules.KubeletClient && request.Status.Certificate.Length == 0
        && !request.Status.Is("Approved") && !request.Status.Is("Denied");

    private Task ApproveAsync(CertificateSigningRequest request, string message, CancellationToken cancellation) =>
        AddConditionAsync(Context.Client, request, Condition("Approved", "AutoApproved", message), "approval", cancellation);

    /// <summary>Whether who asks has the right to ask for certificates of this sort.</summary>
    private Task<bool> MayAsync(CertificateSigningRequest request, string sort, CancellationToken cancellation) => RequesterRights.AskAsync(
        Context.Client,
        request,
        new JsonObject
        {
            ["group"] = "certificates.k8s.io",
            ["resource"] = "certificatesigningrequests",
            ["verb"] = "create",
            ["subresource"] = sort,
        },
        cancellation);

    private static JsonObject Step(string operation, string path, JsonNode value) =>
        new() { ["op"] = operation, ["path"] = path, ["value"] = value };
}
