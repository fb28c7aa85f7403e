using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet.Server;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Certificates;

/// <summary>
/// The certificate of a kubelet's server, asked of the cluster's own signer, kept in a folder, and renewed when four fifths of its life are
/// over. Before there is one, the server shows one that nobody else has signed. Safe for use by many threads.
/// </summary>
internal sealed class ServingCertificateKeeper
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan _longestSleep = TimeSpan.FromDays(1);

    private readonly Func<CertificateWish, CancellationToken, Task<string>> _ask;
    private readonly string _node;
    private readonly string[] _names;
    private readonly string _file;
    private readonly string _nextKeyFile;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;
    private volatile X509Certificate2 _current;
    private volatile bool _isSigned;

    /// <summary>Takes up what its folder holds.</summary>
    /// <param name="ask">Gets a certificate, as PEM.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="addresses">The node's addresses.</param>
    /// <param name="folder">Where certificate and key are kept.</param>
    /// <param name="clock">The clock of their lives.</param>
    /// <param name="warn">Is told why there is none.</param>
    public ServingCertificateKeeper(
        Func<CertificateWish, CancellationToken, Task<string>> ask,
        string node,
        IReadOnlyList<IPAddress> addresses,
        string folder,
        TimeProvider clock,
        Action<string> warn)
    {
        (_ask, _node, _clock, _warn) = (ask, node, clock, warn);
        _names = [node, .. addresses.Select(address => address.ToString())];
        _file = Path.Combine(folder, "kubelet-server.pem");
        _nextKeyFile = Path.Combine(folder, "kubelet-server-next.key");
        var stored = Load();
        _isSigned = stored is not null;
        _current = stored ?? ServingCertificate.SelfSign(node, addresses, clock);
    }

    /// <summary>What the server is to show now. One that was replaced is the collector's: connections may still use it.</summary>
    public X509Certificate2 Current => _current;

    /// <summary>Gets one, and renews it, until it is cancelled.</summary>
    /// <param name="registered">Completes when the node is there by which the request is judged.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Task registered, CancellationToken cancellation)
    {
        await registered.WaitAsync(cancellation);
        var pause = _firstPause;
        while (true)
        {
            var rest = _isSigned ? CertificateLife.RenewalOf(_current) - _clock.GetUtcNow() : TimeSpan.Zero;
            if (rest > TimeSpan.Zero)
            {
                await Task.Delay(rest < _longestSleep ? rest : _longestSleep, _clock, cancellation);
            }
            else if (await TryRenewAsync(cancellation))
            {
                pause = _firstPause;
            }
            else
            {
                await Task.Delay(pause, _clock, cancellation);
                pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
            }
        }
    }

    private async Task<bool> TryRenewAsync(CancellationToken cancellation)
    {
        try
        {
            using var key = NextKey();
            Take(await _ask(new CertificateWish(_node, key, CertificateWish.ServingSigner, "server auth", _names), cancellation), key);
            return true;
        }
        catch (Exception e) when (e is CertificateRefusedException or CryptographicException)
        {
            // Another key makes another request.
            File.Delete(_nextKeyFile);
            _warn($"the server's certificate: {e.Message}");
            return false;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            _warn($"the server's certificate: {e.Message}");
            return false;
        }
    }

    /// <summary>The key of the request that is under way, also of one that was posted before a restart.</summary>
    private ECDsa NextKey()
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (!File.Exists(_nextKeyFile))
        {
            PrivateFile.Write(_nextKeyFile, key.ExportPkcs8PrivateKeyPem() + "\n");
            return key;
        }

        try
        {
            key.ImportFromPem(File.ReadAllText(_nextKeyFile));
            return key;
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException($"{_nextKeyFile} holds no key", e);
        }
    }

    private void Take(string pem, ECDsa key)
    {
        var keyPem = key.ExportPkcs8PrivateKeyPem() + "\n";
        var made = FromPem(pem, keyPem);
        PrivateFile.Write(_file, pem + keyPem);
        File.Delete(_nextKeyFile);
        _current = made;
        _isSigned = true;
    }

    /// <summary>The one of an earlier run, if it still holds and is for this node as it is now.</summary>
    private X509Certificate2? Load()
    {
        try
        {
            if (!File.Exists(_file))
            {
                return null;
            }

            var text = File.ReadAllText(_file);
            var found = FromPem(text, text);
            return found.NotAfter > _clock.GetUtcNow() && Array.TrueForAll(_names, name => found.MatchesHostname(name)) ? found : null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            _warn($"{_file} cannot be used, and another certificate is asked for: {e.Message}");
            return null;
        }
    }

    /// <summary>A copy by way of PKCS #12: TLS takes keys out of that on every system.</summary>
    private static X509Certificate2 FromPem(string certificate, string key)
    {
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate, key);
            return X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null);
        }
        catch (ArgumentException e)
        {
            throw new CryptographicException($"certificate and key do not go together: {e.Message}", e);
        }
    }
}
