using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes.Client;

namespace Etcdish.Kubelet.Server;

/// <summary>What a kubelet's server serves, and by which rules.</summary>
internal sealed record KubeletServerParts
{
    /// <summary>The kubelet's settings: where the server listens, and the node's name.</summary>
    public required KubeletOptions Options { get; init; }

    /// <summary>The node's pods.</summary>
    public required IPodDirectory Pods { get; init; }

    /// <summary>What runs them.</summary>
    public required IContainerRuntime Runtime { get; init; }

    /// <summary>Where their logs are.</summary>
    public required PodFolders Folders { get; init; }

    /// <summary>What they and the node use.</summary>
    public required UsageSampler Usage { get; init; }

    /// <summary>The API, which is asked who somebody is and what he may do.</summary>
    public required KubernetesClient Client { get; init; }

    /// <summary>Certificates. Null: a cluster without TLS, in which everybody may do everything.</summary>
    public ServerSecurity? Security { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Is told of what an operator should know.</summary>
    public required Action<string> Warn { get; init; }

    /// <summary>Whether the kubelet is well: empty, or what is wrong.</summary>
    public Func<string> CheckHealth { get; init; } = static () => "";

    /// <summary>What a pod's volumes take that live in its folder.</summary>
    public Func<PodManifest, IReadOnlyList<VolumeUsage>> MeasureVolumes { get; init; } = static _ => [];

    /// <summary>Adds the figures of other parts to <c>/metrics</c>.</summary>
    public Action<MetricText> AddMetrics { get; init; } = static _ => { };

    /// <summary>Adds the figures of probes to <c>/metrics/probes</c>.</summary>
    public Action<MetricText> AddProbeMetrics { get; init; } = static _ => { };
}

/// <summary>Certificates of a server.</summary>
/// <param name="Certificate">Its own at the moment, with the key.</param>
/// <param name="ClientAuthorities">Those who know its clients; empty: clients have tokens only.</param>
internal sealed record ServerSecurity(Func<X509Certificate2> Certificate, X509Certificate2Collection ClientAuthorities);
