using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
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

/// <summary>Conditions of a certificate request say since when.</summary>
internal sealed class CertificateApproval(MetadataRules metadata) : IAdmissionPlugin
{
    public string Name => "CertificateApproval";

    public bool Handles(AdmissionRequest request) => request.Operation == AdmissionOperation.Update
        && request.Write.Type.Info is { Group: "certificates.k8s.io", Kind: "CertificateSigningRequest" }
        && request.Write.Subresource is ("approval" or "status");

    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellation)
    {
        var now = metadata.Now();
        foreach (var condition in request.Object.Part("status").Items("conditions").OfType<JsonObject>())
        {
            condition.Default("lastUpdateTime", now);
            condition.Default("lastTransitionTime", now);
        }

        return ValueTask.CompletedTask;
    }
}
