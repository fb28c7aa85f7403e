using System.Security.Cryptography;
using System.Text;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The names of what a service has in the table, in kube-proxy's form: <c>service-HASH-ns/name/tcp/port</c>, and for an endpoint
/// <c>endpoint-HASH-ns/name/tcp/port__10.0.0.1/8080</c>. The hash tells apart what the rest cannot, since a name may not have every letter.
/// </summary>
internal readonly struct ServiceNames
{
    private const int HashLetters = 8;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private readonly string _tail;

    public ServiceNames(ServicePortKey key)
    {
        var text = $"{key.Namespace}/{key.Service}/{key.Protocol.ToLowerInvariant()}/{key.Port}";
        _tail = $"{HashOf(text)}-{text}";
    }

    /// <summary>The chain of connections within the cluster.</summary>
    public string Service => "service-" + _tail;

    /// <summary>The chain of connections from outside.</summary>
    public string External => "external-" + _tail;

    /// <summary>The chain that asks who may use the load balancer.</summary>
    public string Firewall => "firewall-" + _tail;

    /// <summary>The chain that leads to an endpoint.</summary>
    public string EndpointChain(ServiceEndpoint endpoint) => Endpoint("endpoint-", endpoint, "");

    /// <summary>The set of clients that stay with an endpoint. A set cannot change its time, so another time is another set.</summary>
    public string AffinitySet(ServiceEndpoint endpoint, TimeSpan time) => Endpoint("affinity-", endpoint, $"{time.TotalSeconds}");

    private string Endpoint(string kind, ServiceEndpoint endpoint, string salt)
    {
        var text = $"{_tail[(HashLetters + 1)..]}__{endpoint.Address.ToString().Replace(':', '.')}/{endpoint.Port}";
        return $"{kind}{HashOf(text + salt)}-{text}";
    }

    private static string HashOf(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);
        Span<char> letters = stackalloc char[HashLetters];
        for (var i = 0; i < HashLetters; i++)
        {
            letters[i] = Base32[hash[i] % Base32.Length];
        }

        return new string(letters);
    }
}
