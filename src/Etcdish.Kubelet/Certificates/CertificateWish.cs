using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.Kubelet.Certificates;

/// <summary>A certificate that a node wants for a key of its own.</summary>
/// <param name="Node">The node's name: its user, <c>system:node:NAME</c> of <c>system:nodes</c>, is the subject.</param>
/// <param name="Key">The key, with its private part.</param>
/// <param name="Signer">Who is to sign it.</param>
/// <param name="Purpose">What it is for beside signatures: <c>server auth</c> or <c>client auth</c>.</param>
/// <param name="Names">Names and addresses it is for.</param>
internal sealed record CertificateWish(string Node, ECDsa Key, string Signer, string Purpose, IReadOnlyList<string> Names)
{
    public const string ServingSigner = "kubernetes.io/kubelet-serving";
    public const string ClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";

    private const int NameBytes = 16;

    /// <summary>The name of its request: the same wish has the same name, so that who starts again waits for what he asked for.</summary>
    public string Name
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Key.ExportSubjectPublicKeyInfo());
            hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [Node, Signer, .. Names])));
            return "node-csr-" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, NameBytes));
        }
    }

    /// <summary>The request, as an object of the API.</summary>
    public JsonObject ToObject()
    {
        var request = new CertificateRequest($"O=system:nodes, CN=system:node:{Node}", Key, HashAlgorithmName.SHA256);
        if (Names.Count > 0)
        {
            request.CertificateExtensions.Add(AlternativeNames());
        }

        return new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = Name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem())),
                ["signerName"] = Signer,
                ["usages"] = new JsonArray("digital signature", Purpose),
            },
        };
    }

    private X509Extension AlternativeNames()
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in Names)
        {
            if (System.Net.IPAddress.TryParse(name, out var address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        return builder.Build();
    }
}
