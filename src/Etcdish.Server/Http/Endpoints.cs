using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Rpc;
using Etcdish.Server.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Etcdish.Server.Http;

/// <summary>Turns etcd's listen URLs and certificate files into endpoints to bind.</summary>
internal static class Endpoints
{
    /// <summary>The endpoints of the URLs; localhost is the IPv4 loopback.</summary>
    /// <exception cref="OptionException">A certificate cannot be read.</exception>
    public static IReadOnlyList<RpcEndpoint> Of(IEnumerable<EtcdUrl> urls, TlsOptions tls, ServerOptions options)
    {
        var endpoints = new List<RpcEndpoint>();
        foreach (EtcdUrl url in urls)
        {
            endpoints.Add(new RpcEndpoint(Address(url)) { Tls = url.IsSecure ? Tls(tls, options) : null });
        }

        return endpoints;
    }

    private static EndPoint Address(EtcdUrl url)
    {
        if (!url.IsUnix)
        {
            return new IPEndPoint(url.Host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(url.Host), url.Port);
        }

        RemoveStaleSocket(url.Host);
        return new UnixDomainSocketEndPoint(url.Host);
    }

    // A killed server leaves its socket's file behind; one that somebody listens on stays, and binding then fails as it should.
    private static void RemoveStaleSocket(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
        }
    }

    private static HttpsConnectionAdapterOptions Tls(TlsOptions tls, ServerOptions options)
    {
        var adapter = new HttpsConnectionAdapterOptions
        {
            ServerCertificate = LoadCertificate(tls),
            SslProtocols = (options.AllowsTls12 ? SslProtocols.Tls12 : 0) | (options.AllowsTls13 ? SslProtocols.Tls13 : 0),
            ClientCertificateMode = tls.ClientCertAuth ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate,
        };
        if (tls.ClientCertAuth)
        {
            X509Certificate2Collection authorities = LoadAuthorities(tls.TrustedCaFile);
            adapter.ClientCertificateValidation = (certificate, chain, _) => IsTrusted(certificate, chain, authorities);
        }

        return adapter;
    }

    private static X509Certificate2 LoadCertificate(TlsOptions tls)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(tls.CertFile, tls.KeyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new OptionException($"cannot read the certificate {tls.CertFile} with the key {tls.KeyFile}: {e.Message}");
        }
    }

    private static X509Certificate2Collection LoadAuthorities(string path)
    {
        var authorities = new X509Certificate2Collection();
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

    // Only the given authorities count, not those that the system trusts.
    private static bool IsTrusted(X509Certificate2 certificate, X509Chain? presented, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));
        if (presented is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(presented.ChainPolicy.ExtraStore);
        }

        return chain.Build(certificate);
    }
}
