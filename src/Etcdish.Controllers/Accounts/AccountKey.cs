using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Accounts;

/// <summary>
/// Signs the tokens of service accounts that are kept in secrets, and which hold until the secret goes: claims of the old form (their names
/// begin with <c>kubernetes.io/serviceaccount/</c>) in the compact form of RFC 7515. For use by many threads.
/// </summary>
public sealed class AccountKey : IDisposable
{
    private const string Issuer = "kubernetes/serviceaccount";
    private readonly Lock _lock = new();
    private readonly ECDsa? _curve;
    private readonly RSA? _rsa;
    private readonly string _head;

    private AccountKey(ECDsa? curve, RSA? rsa)
    {
        (_curve, _rsa) = (curve, rsa);
        var publicKey = curve?.ExportSubjectPublicKeyInfo() ?? rsa!.ExportSubjectPublicKeyInfo();
        var id = Base64Url.EncodeToString(SHA256.HashData(publicKey));
        _head = Encode($$"""{"alg":"{{(rsa is null ? "ES256" : "RS256")}}","kid":"{{id}}"}""");
    }

    /// <summary>Reads a key.</summary>
    /// <param name="pem">The private key: ECDSA on P-256, or RSA.</param>
    /// <exception cref="ArgumentException">It is no such key.</exception>
    public static AccountKey Read(string pem)
    {
        var curve = ECDsa.Create();
        try
        {
            curve.ImportFromPem(pem);
            return curve.KeySize == 256
                ? new AccountKey(curve, null)
                : throw new ArgumentException($"the key of service accounts has {curve.KeySize} bits; tokens are signed on P-256");
        }
        catch (Exception e) when (e is CryptographicException || (e is ArgumentException && pem.Contains("RSA", StringComparison.Ordinal)))
        {
            // Not of a curve, or by its label of the other kind.
            curve.Dispose();
        }

        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return new AccountKey(null, rsa);
        }
        catch (CryptographicException e)
        {
            rsa.Dispose();
            throw new ArgumentException($"the key of service accounts is neither ECDSA nor RSA: {e.Message}", e);
        }
    }

    /// <summary>The token that a secret is to hold.</summary>
    public string Sign(ServiceAccount account, string secretName)
    {
        var (scope, name) = (account.Metadata.Namespace, account.Metadata.Name);
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["kubernetes.io/serviceaccount/namespace"] = scope,
            ["kubernetes.io/serviceaccount/secret.name"] = secretName,
            ["kubernetes.io/serviceaccount/service-account.name"] = name,
            ["kubernetes.io/serviceaccount/service-account.uid"] = account.Metadata.Uid,
            ["sub"] = $"system:serviceaccount:{scope}:{name}",
        };
        var text = $"{_head}.{Base64Url.EncodeToString(JsonTree.ToBytes(claims))}";
        return $"{text}.{Base64Url.EncodeToString(Sign(Encoding.ASCII.GetBytes(text)))}";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _curve?.Dispose();
        _rsa?.Dispose();
    }

    private byte[] Sign(byte[] data)
    {
        lock (_lock)
        {
            return _curve?.SignData(data, HashAlgorithmName.SHA256)
                ?? _rsa!.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(text));
}
