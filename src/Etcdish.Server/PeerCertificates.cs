using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Cluster.Peers;
using Etcdish.Server.Configuration;

namespace Etcdish.Server;

/// <summary>Turns the files of the --peer-* flags into the certificates that members show and demand.</summary>
internal static class PeerCertificates
{
    /// <summary>The settings, or null when no file is given.</summary>
    /// <exception cref="OptionException">A file cannot be read.</exception>
    public static PeerTlsOptions? Of(ServerOptions options)
    {
        PeerTlsFiles files = options.PeerTls;
        if (!files.IsConfigured)
        {
            return null;
        }

        var own = new RenewedCertificate(files.CertFile, files.KeyFile);
        RenewedCertificate? dialling = files.ClientCertFile.Length > 0 ? new(files.ClientCertFile, files.ClientKeyFile) : null;
        return new PeerTlsOptions
        {
            Certificate = own.Read,
            ClientCertificate = dialling is null ? null : dialling.Read,
            TrustedAuthorities = Authorities(files.TrustedCaFile),
            RequireClientCertificate = files.ClientCertAuth,
            AllowedCommonNames = files.AllowedCommonNames,
            AllowedHostNames = files.AllowedHostNames,
            SkipClientAddressCheck = files.SkipClientAddressCheck,
            Protocols = (options.AllowsTls12 ? SslProtocols.Tls12 : 0) | (options.AllowsTls13 ? SslProtocols.Tls13 : 0),
        };
    }

    private static X509Certificate2Collection Authorities(string path)
    {
        var authorities = new X509Certificate2Collection();
        if (path.Length == 0)
        {
            return authorities;
        }

        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OptionException($"cannot read the CA certificates {path}: {e.Message}");
        }

        return authorities.Count > 0 ? authorities : throw new OptionException($"there is no certificate in {path}");
    }

    /// <summary>A certificate and its key, read again when a file has changed, so that renewing them takes no restart.</summary>
    private sealed class RenewedCertificate
    {
        private readonly string _certFile;
        private readonly string _keyFile;
        private readonly Lock _lock = new();
        private (DateTime Cert, DateTime Key) _written;
        private SslStreamCertificateContext _context;

        public RenewedCertificate(string certFile, string keyFile)
        {
            _certFile = certFile;
            _keyFile = keyFile;
            _written = Written();
            _context = Load();
        }

        public SslStreamCertificateContext Read()
        {
            lock (_lock)
            {
                (DateTime Cert, DateTime Key) written = Written();
                if (written != _written)
                {
                    _context = Load();
                    _written = written;
                }

                return _context;
            }
        }

        private (DateTime Cert, DateTime Key) Written() => (File.GetLastWriteTimeUtc(_certFile), File.GetLastWriteTimeUtc(_keyFile));

        private SslStreamCertificateContext Load()
        {
            try
            {
                var chain = new X509Certificate2Collection();
                chain.ImportFromPemFile(_certFile);
                X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(_certFile, _keyFile);
                return SslStreamCertificateContext.Create(certificate, chain, offline: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
            {
                throw new OptionException($"cannot read the certificate {_certFile} with the key {_keyFile}: {e.Message}");
            }
        }
    }
}
