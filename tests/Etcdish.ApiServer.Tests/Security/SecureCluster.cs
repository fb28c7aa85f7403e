using System.Security.Cryptography.X509Certificates;
using Etcdish.ApiServer.Security;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Security;

/// <summary>A server with TLS, an authority and users of its own.</summary>
internal sealed class SecureCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ClusterCertificates _certificates;
    private TestCluster _cluster = null!;

    private SecureCluster() => _certificates = ClusterCertificates.Open(_folder.File("pki"));

    /// <summary>The master's client.</summary>
    public HttpClient Master { get; private set; } = null!;

    /// <summary>A client without a certificate.</summary>
    public HttpClient Plain => _cluster.Http;

    public ClusterCertificates Certificates => _certificates;

    /// <summary>Starts one.</summary>
    /// <param name="kind">The kind of its store.</param>
    /// <param name="tokens">Lines of a file of tokens; empty for no such file.</param>
    /// <param name="clock">Its clock; null for the system's.</param>
    public static async Task<SecureCluster> StartAsync(StoreKind kind, string tokens = "", TimeProvider? clock = null)
    {
        var result = new SecureCluster();
        var file = tokens.Length > 0 ? result._folder.File("tokens.csv") : null;
        if (file is not null)
        {
            await File.WriteAllTextAsync(file, tokens);
        }

        result._cluster = await TestCluster.StartAsync(
            kind, options => options with { Certificates = result._certificates, TokenFile = file, Clock = clock ?? TimeProvider.System });
        result.Master = result.Connect(result._certificates, "admin", "system:masters");
        return result;
    }

    /// <summary>A client with a certificate of an authority.</summary>
    public HttpClient Connect(ClusterCertificates authority, string user, string group)
    {
        var (certificate, key) = authority.MakeClient(user, group);
        using var pair = X509Certificate2.CreateFromPem(certificate, key);
        return _cluster.Connect(X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null));
    }

    public Task<Answer> GetAsync(string path) => TestCluster.SendAsync(Master, HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, string body) => TestCluster.SendAsync(Master, HttpMethod.Post, path, body);

    public Task<Answer> DeleteAsync(string path) => TestCluster.SendAsync(Master, HttpMethod.Delete, path);

    /// <summary>A request with a token, and headers that begin with <c>Impersonate-</c>.</summary>
    public Task<Answer> WithTokenAsync(
        string token, HttpMethod method, string path, string? body = null, params IReadOnlyList<(string Name, string Value)> impersonate) =>
        TestCluster.SendAsync(
            Plain,
            method,
            path,
            body,
            headers: [("Authorization", $"Bearer {token}"), .. impersonate.Select(header => ("Impersonate-" + header.Name, header.Value))]);

    /// <summary>Who a token is taken for.</summary>
    public Task<Answer> WhoIsAsync(string token, params IReadOnlyList<(string Name, string Value)> impersonate) =>
        WithTokenAsync(token, HttpMethod.Post, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", impersonate);

    public async ValueTask DisposeAsync()
    {
        Master.Dispose();
        await _cluster.DisposeAsync();
        _certificates.Dispose();
        _folder.Dispose();
    }
}
