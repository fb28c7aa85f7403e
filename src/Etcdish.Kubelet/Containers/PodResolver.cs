using System.Text;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Containers;

/// <summary>How a pod finds names: by its DNS policy, its own settings, and within the limits of resolvers.</summary>
/// <param name="options">The cluster's servers and domain.</param>
/// <param name="nodeFile">The node's resolver file; empty: pods that use it find no names.</param>
/// <param name="warn">Tells a pod's owner: the pod, a reason and a message.</param>
internal sealed class PodResolver(KubeletOptions options, string nodeFile, Action<PodManifest, string, string> warn)
{
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchBytes = 2048;
    private const int MaxDomainBytes = 253;

    private static readonly string[] _clusterOptions = ["ndots:5"];

    /// <summary>The resolver settings of a pod.</summary>
    /// <exception cref="IOException">The node's file cannot be read.</exception>
    public ResolverSettings Of(PodManifest pod)
    {
        var settings = Start(pod);
        if (pod.Spec.DnsConfig is { } own)
        {
            settings = new ResolverSettings(
                [.. settings.Servers.Concat(own.Nameservers).Distinct()],
                [.. settings.Searches.Concat(own.Searches).Distinct()],
                Merge(settings.Options, own.Options));
        }

        return new ResolverSettings(LimitServers(pod, settings.Servers), LimitSearches(pod, settings.Searches), settings.Options);
    }

    private ResolverSettings Start(PodManifest pod)
    {
        switch (pod.Spec.DnsPolicy)
        {
            case "None":
                return new ResolverSettings([], [], []);
            case "Default":
            case "ClusterFirst" or "" when pod.Spec.HostNetwork:
                return OfNode();
        }

        if (options.ClusterDns.Count > 0)
        {
            return OfCluster(pod);
        }

        warn(
            pod,
            "MissingClusterDNS",
            $"pod: \"{pod.Describe()}\". kubelet does not have ClusterDNS IP configured and cannot create Pod "
            + "using \"ClusterFirst\" policy. Falling back to \"Default\" policy.");
        return OfNode();
    }

    private ResolverSettings OfNode() => nodeFile.Length == 0
        ? new ResolverSettings(["127.0.0.1"], ["."], [])
        : ResolverFile.Parse(File.ReadAllText(nodeFile));

    private ResolverSettings OfCluster(PodManifest pod)
    {
        var domain = options.ClusterDomain;
        string[] own = domain.Length == 0 ? [] : [$"{pod.Metadata.Namespace}.svc.{domain}", $"svc.{domain}", domain];
        var searches = nodeFile.Length == 0 ? [] : OfNode().Searches;
        return new ResolverSettings(
            [.. options.ClusterDns.Select(address => address.ToString())], [.. own.Concat(searches).Distinct()], _clusterOptions);
    }

    private static IReadOnlyList<string> Merge(IReadOnlyList<string> known, IReadOnlyList<DnsOptionManifest> own)
    {
        List<KeyValuePair<string, string>> merged = [];
        foreach (var option in known)
        {
            var parts = option.Split(':', 2);
            Set(merged, parts[0], parts.Length > 1 ? parts[1] : "");
        }

        foreach (var option in own)
        {
            Set(merged, option.Name, option.Value ?? "");
        }

        return [.. merged.Select(option => option.Value.Length == 0 ? option.Key : $"{option.Key}:{option.Value}")];
    }

    private static void Set(List<KeyValuePair<string, string>> options, string name, string value)
    {
        var at = options.FindIndex(option => option.Key == name);
        if (at < 0)
        {
            options.Add(new(name, value));
        }
        else
        {
            options[at] = new(name, value);
        }
    }

    private IReadOnlyList<string> LimitServers(PodManifest pod, IReadOnlyList<string> servers)
    {
        if (servers.Count <= MaxServers)
        {
            return servers;
        }

        string[] applied = [.. servers.Take(MaxServers)];
        warn(
            pod,
            "DNSConfigForming",
            "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
            + string.Join(' ', applied));
        return applied;
    }

    private List<string> LimitSearches(PodManifest pod, IReadOnlyList<string> searches)
    {
        List<string> applied = [.. searches.Take(MaxSearches).Where(domain => Encoding.UTF8.GetByteCount(domain) <= MaxDomainBytes)];
        while (applied.Sum(domain => Encoding.UTF8.GetByteCount(domain) + 1) - 1 > MaxSearchBytes)
        {
            applied.RemoveAt(applied.Count - 1);
        }

        if (applied.Count < searches.Count)
        {
            warn(
                pod,
                "DNSConfigForming",
                "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
                + string.Join(' ', applied));
        }

        return applied;
    }
}
