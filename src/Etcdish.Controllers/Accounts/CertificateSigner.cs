using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Signs requests for certificates that were approved, for the cluster's own signers.</summary>
public sealed class CertificateSigner : Controller
{
    private readonly CertificateIssuer _issuer;
    private readonly Informer<CertificateSigningRequest> _requests;

    /// <summary>Makes one.</summary>
    /// <param name="context">What all controllers share.</param>
    /// <param name="authority">The authority, with its private key.</param>
    /// <param name="longestLife">How long certificates hold at most.</param>
    public CertificateSigner(ControllerContext context, X509Certificate2 authority, TimeSpan longestLife)
        : base("certificatesigningrequest-signing-controller", context)
    {
        _issuer = new CertificateIssuer(authority, longestLife, context.Clock);
        _requests = context.Informers.Of(Resources.CertificateSigningRequests);
        _requests.Subscribe((_, now) =>
        {
            if (now is not null && IsDue(now))
            {
                Queue.Add(now.Key);
            }
        });
    }

    internal static bool IsDue(CertificateSigningRequest request) =>
        SignerRules.IsOurs(request.Spec.SignerName) && request.Status.Certificate.Length == 0
        && request.Status.Is("Approved") && !request.Status.Is("Denied") && !request.Status.Is("Failed");

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_requests.Find(key) is not { } request || !IsDue(request))
        {
            return;
        }

        var asked = AskedCertificate.Read(request.Spec.Request);
        if (SignerRules.FindFault(request.Spec.SignerName, asked, request.Spec.Usages) is { } fault)
        {
            await FailAsync(request, fault, cancellation);
            return;
        }

        var pem = _issuer.Issue(asked, request.Spec.Usages, request.Spec.ExpirationSeconds);
        var status = new JsonObject { ["certificate"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(pem)) };
        await Context.Client.PatchStatusAsync(Resources.CertificateSigningRequests, request, status, cancellation);
    }

    private Task FailAsync(CertificateSigningRequest request, string fault, CancellationToken cancellation)
    {
        var failure = CertificateApprover.Condition("Failed", "SignerValidationFailure", fault);
        failure["lastUpdateTime"] = TimeText.Format(Context.Clock.GetUtcNow());
        return CertificateApprover.AddConditionAsync(Context.Client, request, failure, "status", cancellation);
    }
}
