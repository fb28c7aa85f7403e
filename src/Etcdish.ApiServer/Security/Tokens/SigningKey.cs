using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Security.Tokens;

/// <summary>
/// The key by which tokens of service accounts are signed: ECDSA on P-256. Safe for use by many threads.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    /// <summary>Length of a signature: r and s (RFC 7518, section 3.4).</summary>
    public const int SignatureBytes = 64;

    // The platform's keys are not made for many threads at once, so that there is one for each that is in use.
    private readonly ConcurrentBag<ECDsa> _idle = [];
    private readonly ECParameters _parameters;

    private SigningKey(ECParameters parameters, byte[] publicKey)
    {
        _parameters = parameters;
        Id = Base64Url.EncodeToString(SHA256.HashData(publicKey));
    }

    /// <summary>What names the key in tokens: the hash of its public half.</summary>
    public string Id { get; }

    /// <summary>A new key that lives in this process only.</summary>
    public static SigningKey Make()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey(key.ExportParameters(includePrivateParameters: true), key.ExportSubjectPublicKeyInfo());
    }

    /// <summary>Reads the key of a file, or makes one there that only its owner may read.</summary>
    /// <exception cref="IOException">The file cannot be read or written, or holds no such key.</exception>
    public static SigningKey Open(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (!File.Exists(path))
        {
            SecretFile.Write(path, key.ExportPkcs8PrivateKeyPem());
        }

        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            var parameters = key.ExportParameters(includePrivateParameters: true);
            return key.KeySize == 256
                ? new SigningKey(parameters, key.ExportSubjectPublicKeyInfo())
                : throw new IOException($"{path} holds a key of {key.KeySize} bits; tokens are signed on P-256");
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new IOException($"{path} holds no private key for ECDSA: {e.Message}", e);
        }
    }

    /// <summary>The public half as a JSON Web Key (RFC 7517).</summary>
    public JsonObject ToJsonWebKey() => new()
    {
        ["use"] = "sig",
        ["kty"] = "EC",
        ["kid"] = Id,
        ["crv"] = "P-256",
        ["alg"] = CompactToken.Algorithm,
        ["x"] = Base64Url.EncodeToString(_parameters.Q.X!),
        ["y"] = Base64Url.EncodeToString(_parameters.Q.Y!),
    };

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        var key = Take();
        try
        {
            return key.SignData(data, HashAlgorithmName.SHA256);
        }
        finally
        {
            _idle.Add(key);
        }
    }

    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        var key = Take();
        try
        {
            return signature.Length == SignatureBytes && key.VerifyData(data, signature, HashAlgorithmName.SHA256);
        }
        finally
        {
            _idle.Add(key);
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var key))
        {
            key.Dispose();
        }
    }

    private ECDsa Take() => _idle.TryTake(out var key) ? key : ECDsa.Create(_parameters);
}
