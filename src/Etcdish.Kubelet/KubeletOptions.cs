using System.Net;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Kubelet.Eviction;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet;

/// <summary>What a kubelet is told. Defaults are Kubernetes' own where it has them.</summary>
public sealed record KubeletOptions
{
    /// <summary>The node's name.</summary>
    public string NodeName { get; init; } = Environment.MachineName.ToLowerInvariant();

    /// <summary>The folder of its pods' volumes and of what it must remember.</summary>
    public string Folder { get; init; } = "/var/lib/kubelet";

    /// <summary>The folder of pods' logs.</summary>
    public string LogFolder { get; init; } = "/var/log/pods";

    /// <summary>The folder of links to containers' logs.</summary>
    public string LogLinkFolder { get; init; } = "/var/log/containers";

    /// <summary>The folder of static pods, or empty.</summary>
    public string ManifestFolder { get; init; } = "";

    /// <summary>The address that the node reports; null: that of the way to the API server.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>Where its server listens.</summary>
    public IPAddress BindAddress { get; init; } = IPAddress.Any;

    /// <summary>The port of its server; 0: any that is free.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>Which runtime: auto, containerd or process.</summary>
    public string Runtime { get; init; } = "auto";

    /// <summary>The socket of a container runtime.</summary>
    public string RuntimeEndpoint { get; init; } = "unix:///run/containerd/containerd.sock";

    /// <summary>
    /// Where it is said how pods get a network (CNI). A container runtime looks for that itself; this is for pods that are processes, which
    /// have the node's network if it is empty, without root, or without plugins.
    /// </summary>
    public string NetworkConfigFolder { get; init; } = "";

    /// <summary>Where the plugins are that make it.</summary>
    public string NetworkPluginFolder { get; init; } = "/opt/cni/bin";

    /// <summary>Whether pods get control groups of their own above those of their containers: the runtime's driver must be cgroupfs.</summary>
    public bool MakesPodCgroups { get; init; } = true;

    /// <summary>Servers of the cluster's names.</summary>
    public IReadOnlyList<IPAddress> ClusterDns { get; init; } = [];

    /// <summary>The cluster's domain.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Further labels of the node.</summary>
    public IReadOnlyDictionary<string, string> NodeLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>Most pods.</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>
    /// Below which rest of memory, disk and process ids pods are evicted: signals with an amount or percents, as Kubernetes writes them.
    /// Empty: never.
    /// </summary>
    public string EvictionHard { get; init; } =
        "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%";

    /// <summary>From how full a disk on, in percent, images that nobody uses are removed; 100: never for that reason.</summary>
    public int ImageHighPercent { get; init; } = 85;

    /// <summary>How full the disk may be when no more are removed, in percent; less than <see cref="ImageHighPercent"/>.</summary>
    public int ImageLowPercent { get; init; } = 80;

    /// <summary>How many images are fetched at once.</summary>
    public int MaxParallelImagePulls { get; init; } = 1;

    /// <summary>How long pods have to end when the machine's kubelet is told to shut the node down; zero: they run on.</summary>
    public TimeSpan ShutdownGrace { get; init; }

    /// <summary>How much of <see cref="ShutdownGrace"/> is for critical pods, which end last.</summary>
    public TimeSpan ShutdownGraceCritical { get; init; }

    /// <summary>
    /// How long containers have to end when it stops; zero: they run on, and the next kubelet on its folder takes them over. Otherwise pods
    /// stay in the API as they are, and the next kubelet starts them again.
    /// </summary>
    public TimeSpan StopGrace { get; init; }

    /// <summary>The certificates of its server. Null: no TLS, and everybody who can connect may do everything.</summary>
    public KubeletCertificates? Certificates { get; init; }

    /// <summary>A container's log is rotated when it is larger, in bytes.</summary>
    public long LogMaxBytes { get; init; } = 10L << 20;

    /// <summary>How many files of a container's log are kept.</summary>
    public int LogMaxFiles { get; init; } = 5;

    /// <exception cref="ArgumentException">A value is wrong.</exception>
    internal void Validate()
    {
        const int MostPods = 10_000;
        if (NodeName.Length == 0 || NameRules.Dns1123Subdomain(NodeName).Count > 0)
        {
            throw new ArgumentException($"the node's name \"{NodeName}\" must be one of lower case letters, digits, '-' and '.'");
        }

        if (MaxPods is < 1 or > MostPods)
        {
            throw new ArgumentException($"a node has 1 to {MostPods} pods, not {MaxPods}");
        }

        if (Runtime is not ("auto" or "containerd" or "process"))
        {
            throw new ArgumentException($"the runtime is auto, containerd or process, not {Runtime}");
        }

        if (ShutdownGrace < TimeSpan.Zero || StopGrace < TimeSpan.Zero || ShutdownGraceCritical < TimeSpan.Zero || MaxParallelImagePulls < 1)
        {
            throw new ArgumentException("times are not negative, and one image at least is fetched at once");
        }

        if (ImageLowPercent < 0 || ImageLowPercent >= ImageHighPercent || ImageHighPercent > 100)
        {
            throw new ArgumentException($"images are removed from {ImageHighPercent} % to {ImageLowPercent} %: 0 to 100, the second less");
        }

        if (NodeLabels.Keys.FirstOrDefault(label => !Etcdish.Kubernetes.NodeLabels.IsForKubelets(label)) is { } label)
        {
            throw new ArgumentException($"a kubelet may not give its node the label {label}: nodes do not choose what is meant for them");
        }

        EvictionThreshold.Parse(EvictionHard);
    }
}

/// <summary>What a kubelet's server proves itself by, and whom it knows.</summary>
/// <param name="Server">
/// Its certificate, with the key; null: <paramref name="Authority"/> gives it one, or else it asks the API for one.
/// </param>
/// <param name="Authority">The cluster's authority with its key, which makes the server's certificate; null: none.</param>
/// <param name="ClientAuthorities">Those who sign the certificates of clients; empty: clients have tokens only.</param>
public sealed record KubeletCertificates(
    X509Certificate2? Server, X509Certificate2? Authority, X509Certificate2Collection ClientAuthorities);
