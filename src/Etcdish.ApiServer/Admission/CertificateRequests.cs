using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Security;

namespace Etcdish.ApiServer.Admission;

/// <summary>A certificate request says who made it, as the server knows it and not as the author does.</summary>
internal sealed class CertificateRequester : IAdmissionPlugin
{
    private static readonly string[] _fields = ["username", "uid", "groups", "extra"];

    public string Name => "CertificateRequester";

    public bool Handles(AdmissionRequest request) => request.Writes("certificates.k8s.io", "CertificateSigningRequest");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var spec = request.Object!.Ensure("spec");
        if (request.Stored.Part("spec") is { } stored)
        {
            foreach (var field in _fields)
            {
                spec.CopyFrom(stored, field);
            }

            return ValueTask.CompletedTask;
        }

        var user = request.Write.User;
        spec["username"] = user.Name;
        spec["groups"] = Texts(user.Groups);
        spec.Remove("uid");
        spec.Remove("extra");
        if (user.Uid.Length > 0)
        {
            spec["uid"] = user.Uid;
        }

        foreach (var (key, values) in user.Extra)
        {
            spec.Ensure("extra")[key] = Texts(values);
        }

        return ValueTask.CompletedTask;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}

/// <summary>Nobody becomes a member of the masters by asking for a client certificate.</summary>
internal sealed class CertificateSubjectRestriction : IAdmissionPlugin
{
    private const string ClientSigner = "kubernetes.io/kube-apiserver-client";
    private const string Organisation = "2.5.4.10";

    public string Name => "CertificateSubjectRestriction";

    public bool Handles(AdmissionRequest request) => request.Creates("certificates.k8s.io", "CertificateSigningRequest");

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var spec = request.Object.Part("spec");
        return spec.Text("signerName") == ClientSigner && OrganisationsOf(request, spec.Text("request")).Contains(RequestUser.Masters)
            ? throw request.Forbid($"use of {ClientSigner} signer with {RequestUser.Masters} group is not allowed")
            : ValueTask.CompletedTask;
    }

    private static string[] OrganisationsOf(AdmissionRequest request, string encoded)
    {
        try
        {
            var pem = Encoding.ASCII.GetString(Convert.FromBase64String(encoded));
            var asked = CertificateRequest.LoadSigningRequestPem(
                pem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.SkipSignatureValidation);
            return [.. asked.SubjectName.EnumerateRelativeDistinguishedNames()
                .Where(name => !name.HasMultipleElements && name.GetSingleElementType().Value == Organisation)
                .Select(name => name.GetSingleElementValue() ?? "")];
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException)
        {
            throw request.Forbid($"failed to parse CSR: {e.Message}");
        }
    }
}

/// <summary>Who approves or denies a request may do so for its signer; and its conditions say since when.</summary>
internal sealed class CertificateApproval(Authorizer authorizer, MetadataRules metadata) : IAdmissionPlugin
{
    public string Name => "CertificateApproval";

    public bool Handles(AdmissionRequest request) => CertificateSigners.IsUpdate(request, "approval");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        CertificateSigners.AddTimes(request, metadata.Now());
        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation) =>
        CertificateSigners.RequireAsync(authorizer, request, "approve", cancellation);
}

/// <summary>Who writes a certificate, or that there will be none, may do so for its signer.</summary>
internal sealed class CertificateSigning(Authorizer authorizer, MetadataRules metadata) : IAdmissionPlugin
{
    public string Name => "CertificateSigning";

    public bool Handles(AdmissionRequest request) => CertificateSigners.IsUpdate(request, "status");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        CertificateSigners.AddTimes(request, metadata.Now());
        return ValueTask.CompletedTask;
    }

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellation) =>
        JsonNode.DeepEquals(request.Object!["status"], request.Stored!["status"])
            ? ValueTask.CompletedTask
            : CertificateSigners.RequireAsync(authorizer, request, "sign", cancellation);
}

/// <summary>What the decisions on certificate requests have in common.</summary>
internal static class CertificateSigners
{
    public static bool IsUpdate(AdmissionRequest request, string subresource) => request.Operation == AdmissionOperation.Update
        && request.Write.Subresource == subresource
        && request.Write.Type.Info is { Group: "certificates.k8s.io", Kind: "CertificateSigningRequest" };

    public static void AddTimes(AdmissionRequest request, string now)
    {
        foreach (var condition in request.Object.Part("status").Items("conditions").OfType<JsonObject>())
        {
            condition.Default("lastUpdateTime", now);
            condition.Default("lastTransitionTime", now);
        }
    }

    /// <summary>Sees that the user has a right over the signer, by its name or by that of its domain.</summary>
    /// <exception cref="ApiException">He has not.</exception>
    public static async ValueTask RequireAsync(
        Authorizer authorizer, AdmissionRequest request, string verb, CancellationToken cancellation)
    {
        var signer = request.Stored.Part("spec").Text("signerName");
        var slash = signer.IndexOf('/', StringComparison.Ordinal);
        foreach (var name in slash < 0 ? new[] { signer } : [signer, $"{signer[..slash]}/*"])
        {
            var access = new AccessRequest(request.Write.User, verb)
            {
                Group = request.Write.Type.Info.Group,
                Version = "*",
                Resource = "signers",
                Name = name,
            };
            if ((await authorizer.DecideAsync(access, cancellation)).IsAllowed)
            {
                return;
            }
        }

        throw request.Forbid($"user not permitted to {verb} requests with signerName \"{signer}\"");
    }
}
