using System.Net;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Cli.Verbs;

/// <summary>What the nodes of a cluster must hold alike of its network. <c>up</c> decides it, and who joins reads it from a ConfigMap.</summary>
/// <param name="Domain">The cluster's domain.</param>
/// <param name="NameServer">The address of the service by which pods ask for names.</param>
/// <param name="PodRanges">The addresses of all pods, in CIDR notation.</param>
/// <param name="BalancerPools">The addresses for load balancers, which nodes take for their own; none: they share the nodes'.</param>
internal sealed record ClusterNetwork(
    string Domain, IPAddress NameServer, IReadOnlyList<string> PodRanges, IReadOnlyList<string> BalancerPools)
{
    /// <summary>The name of the ConfigMap, in kube-system.</summary>
    public const string ObjectName = "etcdish-network";

    private const string Namespace = "kube-system";
    private const string DomainKey = "clusterDomain";
    private const string NameServerKey = "clusterDNS";
    private const string PodRangesKey = "clusterCIDR";
    private const string PoolsKey = "loadBalancerPool";
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(5);

    /// <summary>The ConfigMap.</summary>
    public JsonObject ToObject() => new()
    {
        ["apiVersion"] = Resources.ConfigMaps.ApiVersion,
        ["kind"] = Resources.ConfigMaps.Kind,
        ["metadata"] = new JsonObject { ["name"] = ObjectName, ["namespace"] = Namespace },
        ["data"] = new JsonObject
        {
            [DomainKey] = Domain,
            [NameServerKey] = NameServer.ToString(),
            [PodRangesKey] = string.Join(',', PodRanges),
            [PoolsKey] = string.Join(',', BalancerPools),
        },
    };

    /// <summary>Reads it. An API that does not answer is waited for: a machine may start before the one that it belongs to.</summary>
    /// <exception cref="IOException">The cluster has none.</exception>
    public static async Task<ClusterNetwork> ReadAsync(KubernetesClient client, Action<string> warn, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var found = await client.FindAsync(Resources.ConfigMaps, Namespace, ObjectName, cancellation)
                    ?? throw new IOException(
                        $"the cluster's network is not etcdish's (there is no ConfigMap {Namespace}/{ObjectName}): use etcdish kubelet there");
                return Parse(found);
            }
            catch (HttpRequestException e)
            {
                warn($"{e.Message}; another try in {_pause.TotalSeconds} s");
                await Task.Delay(_pause, cancellation);
            }
            catch (ApiStatusException e)
            {
                throw new IOException($"this node may not join: {e.Message}", e);
            }
        }
    }

    private static ClusterNetwork Parse(ConfigMap map)
    {
        var domain = map.Data.GetValueOrDefault(DomainKey, "");
        return domain.Length > 0 && IPAddress.TryParse(map.Data.GetValueOrDefault(NameServerKey, ""), out var nameServer)
            ? new ClusterNetwork(domain, nameServer, List(PodRangesKey), List(PoolsKey))
            : throw new IOException($"ConfigMap {Namespace}/{ObjectName} lacks {DomainKey} or {NameServerKey}");

        string[] List(string key) => map.Data.GetValueOrDefault(key, "").Split(',', StringSplitOptions.RemoveEmptyEntries);
    }
}
