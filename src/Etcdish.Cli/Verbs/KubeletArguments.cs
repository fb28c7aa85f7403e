using System.CommandLine;
using System.Net;
using Etcdish.Kubelet;
using Etcdish.Kubernetes;

namespace Etcdish.Cli.Verbs;

/// <summary>The options by which a machine is made a node, with Kubernetes' names where it has them.</summary>
internal sealed class KubeletArguments
{
    private static readonly KubeletOptions _defaults = new();

    private readonly Option<string> _name = new("--node-name", "--hostname-override")
    {
        Description = "The node's name.",
        DefaultValueFactory = _ => _defaults.NodeName,
    };

    private readonly Option<string> _runtime = new("--runtime")
    {
        Description = "What runs pods: containerd (or any with its interface, CRI), process (as processes of this machine), "
            + "or auto: the first if it answers.",
        DefaultValueFactory = _ => _defaults.Runtime,
    };

    private readonly Option<string> _endpoint = new("--container-runtime-endpoint")
    {
        Description = "The socket of the container runtime.",
        DefaultValueFactory = _ => _defaults.RuntimeEndpoint,
    };

    private readonly Option<string> _manifests = new("--pod-manifest-path")
    {
        Description = "Folder of static pods, which run whatever the API says.",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<IPAddress?> _address = AddressOption.One("--node-ip", "The node's address; default: that of the way out.");

    private readonly Option<IPAddress[]> _dns = AddressOption.Several("--cluster-dns", "Addresses of the servers of the cluster's names.");

    private readonly Option<string> _domain = new("--cluster-domain")
    {
        Description = "The cluster's domain.",
        DefaultValueFactory = _ => _defaults.ClusterDomain,
    };

    private readonly Option<string> _labels = new("--node-labels")
    {
        Description = "Further labels of the node: key=value with commas between.",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<int> _pods = new("--max-pods")
    {
        Description = "Most pods.",
        DefaultValueFactory = _ => _defaults.MaxPods,
    };

    private readonly Option<string> _eviction;

    private readonly Option<int> _imageHigh;

    private readonly Option<int> _imageLow = new("--image-gc-low-threshold")
    {
        Description = "How full the disk may be, in percent, when no more images are removed.",
        DefaultValueFactory = _ => _defaults.ImageLowPercent,
    };

    private readonly Option<TimeSpan> _grace = DurationOption.Make(
        "--shutdown-grace-period", "How long pods have to end when this is told to stop; 0: they run on.", _defaults.ShutdownGrace);

    private readonly Option<TimeSpan> _criticalGrace = DurationOption.Make(
        "--shutdown-grace-period-critical-pods", "How much of that is for critical pods, which end last.", _defaults.ShutdownGraceCritical);

    private readonly Option<TimeSpan> _stopGrace;

    private readonly Option<string> _logSize = new("--container-log-max-size")
    {
        Description = "A container's log is rotated when it is larger.",
        DefaultValueFactory = _ => new Quantity(_defaults.LogMaxBytes, QuantityFormat.BinarySI).ToString(),
    };

    private readonly Option<int> _logFiles = new("--container-log-max-files")
    {
        Description = "How many files of a container's log are kept; 2 at least.",
        DefaultValueFactory = _ => _defaults.LogMaxFiles,
    };

    private readonly Option<string> _driver = new("--cgroup-driver")
    {
        Description = "cgroupfs: pods get control groups of their own; none: only containers, as for a runtime with systemd's driver.",
        DefaultValueFactory = _ => "cgroupfs",
    };

    /// <summary>Options with these defaults.</summary>
    public KubeletArguments(KubeletOptions? defaults = null)
    {
        var values = defaults ?? _defaults;
        _stopGrace = DurationOption.Make(
            "--stop-grace-period",
            "How long containers have to end when this stops, to be started anew next time; 0: they run on.",
            values.StopGrace);
        _eviction = new Option<string>("--eviction-hard")
        {
            Description = "Below which rest of memory and disk pods are evicted; an empty one: never.",
            DefaultValueFactory = _ => values.EvictionHard,
        };
        _imageHigh = new Option<int>("--image-gc-high-threshold")
        {
            Description = "From how full a disk on, in percent, images that nobody uses are removed; 100: never for that reason.",
            DefaultValueFactory = _ => values.ImageHighPercent,
        };
    }

    /// <summary>All of them.</summary>
    public IEnumerable<Option> Options =>
    [
        _name, _runtime, _endpoint, _manifests, _address, _dns, _domain, _labels, _pods, _eviction, _imageHigh,
        _imageLow, _grace, _criticalGrace, _stopGrace, _logSize, _logFiles, _driver,
    ];

    /// <summary>The node's name, as the user said.</summary>
    public string NodeName(ParseResult parsed) => parsed.GetRequiredValue(_name);

    /// <summary>What the user said.</summary>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public KubeletOptions Read(ParseResult parsed) => new()
    {
        NodeName = parsed.GetRequiredValue(_name),
        Runtime = parsed.GetRequiredValue(_runtime),
        RuntimeEndpoint = parsed.GetRequiredValue(_endpoint),
        ManifestFolder = parsed.GetRequiredValue(_manifests),
        NodeAddress = parsed.GetValue(_address),
        ClusterDns = parsed.GetRequiredValue(_dns),
        ClusterDomain = parsed.GetRequiredValue(_domain),
        NodeLabels = ReadLabels(parsed.GetRequiredValue(_labels)),
        MaxPods = parsed.GetRequiredValue(_pods),
        EvictionHard = parsed.GetRequiredValue(_eviction),
        ImageHighPercent = parsed.GetValue(_imageHigh),
        ImageLowPercent = parsed.GetValue(_imageLow),
        ShutdownGrace = parsed.GetValue(_grace),
        ShutdownGraceCritical = parsed.GetValue(_criticalGrace),
        StopGrace = parsed.GetValue(_stopGrace),
        LogMaxBytes = ReadSize(parsed.GetRequiredValue(_logSize)),
        LogMaxFiles = parsed.GetRequiredValue(_logFiles),
        MakesPodCgroups = parsed.GetRequiredValue(_driver) switch
        {
            "cgroupfs" => true,
            "none" => false,
            var other => throw new ArgumentException($"--cgroup-driver is cgroupfs or none, not {other}"),
        },
    };

    private static long ReadSize(string text) => Quantity.TryParse(text, out var size) && size.Sign > 0
        ? size.Value
        : throw new ArgumentException($"--container-log-max-size {text} is no size such as 10Mi");

    private static Dictionary<string, string> ReadLabels(string text)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = item.Split('=', 2);
            if (sides.Length != 2 || NameRules.QualifiedName(sides[0]).Count > 0 || NameRules.LabelValue(sides[1]).Count > 0)
            {
                throw new ArgumentException($"--node-labels: \"{item}\" is no label such as zone=a");
            }

            labels[sides[0]] = sides[1];
        }

        return labels;
    }
}
