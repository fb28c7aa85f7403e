using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>Deletes requests for certificates that are done with: decided an hour ago, or left alone for a day.</summary>
public sealed class CertificateCleaner : Controller
{
    private static readonly TimeSpan _decidedLife = TimeSpan.FromHours(1);
    private static readonly TimeSpan _openLife = TimeSpan.FromHours(24);

    private readonly Informer<CertificateSigningRequest> _requests;

    /// <summary>Makes one.</summary>
    public CertificateCleaner(ControllerContext context)
        : base("certificatesigningrequest-cleaner-controller", context)
    {
        _requests = context.Informers.Of(Resources.CertificateSigningRequests);
        _requests.Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>When a request may go; null: not before it changes.</summary>
    internal static DateTimeOffset? EndOf(CertificateSigningRequest request)
    {
        DateTimeOffset? end = null;
        foreach (var condition in request.Status.Conditions)
        {
            var isIssued = condition.Type == "Approved" && request.Status.Certificate.Length > 0;
            if (isIssued || condition.Type is "Denied" or "Failed")
            {
                end = Earlier(end, condition.LastUpdateTime + _decidedLife);
            }

            if (isIssued)
            {
                end = Earlier(end, EndOfCertificate(request.Status.Certificate));
            }
        }

        return request.Status.Conditions.Length == 0 ? request.Metadata.CreationTimestamp + _openLife : end;
    }

    /// <inheritdoc/>
    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (_requests.Find(key) is not { Metadata.IsBeingDeleted: false } request || EndOf(request) is not { } end)
        {
            return;
        }

        var rest = end - Context.Clock.GetUtcNow();
        if (rest > TimeSpan.Zero)
        {
            Queue.AddAfter(key, rest < _openLife ? rest : _openLife);
            return;
        }

        var options = new DeleteOptions { Uid = request.Metadata.Uid, ResourceVersion = request.Metadata.ResourceVersion };
        await Context.Client.DeleteAsync(Resources.CertificateSigningRequests, "", key.Name, options, cancellation);
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b : a;

    private static DateTimeOffset? EndOfCertificate(byte[] pem)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(pem));
            return new DateTimeOffset(certificate.NotAfter);
        }
        catch (CryptographicException)
        {
            // Another signer's, in a form that we do not know: its age alone decides.
            return null;
        }
    }
}
