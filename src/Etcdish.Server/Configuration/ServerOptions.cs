namespace Etcdish.Server.Configuration;

/// <summary>What auto compaction keeps.</summary>
public enum AutoCompactionMode
{
    /// <summary>A span of time.</summary>
    Periodic,

    /// <summary>A number of revisions.</summary>
    Revision,
}

/// <summary>
/// Settings of a server, validated. <see cref="ServerOptionsParser"/> makes them from etcd's flags, environment and YAML; a program that
/// embeds the server may set them itself.
/// </summary>
public sealed record ServerOptions
{
    /// <summary>Quota when none is given: 2 GiB of live bytes.</summary>
    public const long DefaultQuotaBytes = 2L << 30;

    /// <summary>Human-readable name of the member.</summary>
    public string Name { get; init; } = "default";

    /// <summary>Data directory.</summary>
    public string DataDirectory { get; init; } = "default.etcd";

    /// <summary>Where clients are served; port 0 is any free port.</summary>
    public IReadOnlyList<EtcdUrl> ListenClientUrls { get; init; } = [new EtcdUrl("http", "localhost", 2379)];

    /// <summary>Where HTTP without gRPC is served; when empty, the client URLs serve both.</summary>
    public IReadOnlyList<EtcdUrl> ListenClientHttpUrls { get; init; } = [];

    /// <summary>Further places for metrics and health only.</summary>
    public IReadOnlyList<EtcdUrl> ListenMetricsUrls { get; init; } = [];

    /// <summary>Client URLs told to clients that list members.</summary>
    public IReadOnlyList<EtcdUrl> AdvertiseClientUrls { get; init; } = [new EtcdUrl("http", "localhost", 2379)];

    /// <summary>Peer URLs told to clients that list members; they and the token make the member's ID.</summary>
    public IReadOnlyList<EtcdUrl> InitialAdvertisePeerUrls { get; init; } = [new EtcdUrl("http", "localhost", 2380)];

    /// <summary>Where to listen for peers; port 0 is any free port, for a server that no other member has to find.</summary>
    public IReadOnlyList<EtcdUrl> ListenPeerUrls { get; init; } = [new EtcdUrl("http", "localhost", 2380)];

    /// <summary>
    /// Members at bootstrap, as name=peerURL pairs with commas between. When it names one member, <see cref="InitialAdvertisePeerUrls"/>
    /// count.
    /// </summary>
    public string InitialCluster { get; init; } = "default=http://localhost:2380";

    /// <summary>Whether an existing cluster is joined; ignored when the data directory belongs to a member already.</summary>
    public bool JoinsExistingCluster { get; init; }

    /// <summary>Whether to go on as a cluster of one with the data that there is, without the other members.</summary>
    public bool ForceNewCluster { get; init; }

    /// <summary>Whether changes of the members that could cost the quorum are refused.</summary>
    public bool StrictReconfigCheck { get; init; } = true;

    /// <summary>Most members without a vote.</summary>
    public int MaxLearners { get; init; } = 1;

    /// <summary>Token that sets the IDs of clusters with equal members apart.</summary>
    public string InitialClusterToken { get; init; } = "etcd-cluster";

    /// <summary>Time between a leader's heartbeats.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Time without a leader before an election; at least 5 heartbeats, at most 50 s.</summary>
    public TimeSpan ElectionTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Most live bytes before the NOSPACE alarm; <see cref="long.MaxValue"/> for no limit.</summary>
    public long QuotaBytes { get; init; } = DefaultQuotaBytes;

    /// <summary>What auto compaction keeps.</summary>
    public AutoCompactionMode AutoCompactionMode { get; init; }

    /// <summary>Span that periodic compaction keeps; zero is off.</summary>
    public TimeSpan AutoCompactionPeriod { get; init; }

    /// <summary>Revisions that revision compaction keeps; 0 is off.</summary>
    public long AutoCompactionRevisions { get; init; }

    /// <summary>Most operations in each list of a transaction.</summary>
    public int MaxTxnOps { get; init; } = 128;

    /// <summary>Most bytes of a request that changes something; messages may be 512 KiB longer.</summary>
    public int MaxRequestBytes { get; init; } = 1536 * 1024;

    /// <summary>Most concurrent streams of one connection.</summary>
    public uint MaxConcurrentStreams { get; init; } = uint.MaxValue;

    /// <summary>Time without traffic after which the server pings a connection; zero is never.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromHours(2);

    /// <summary>How long the answer to a ping may take.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Time between progress notifications of an idle watch, at least 100 ms.</summary>
    public TimeSpan WatchProgressInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Time after which a unary request is logged as slow.</summary>
    public TimeSpan SlowRequestThreshold { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>TLS of the client port.</summary>
    public TlsOptions ClientTls { get; init; } = new();

    /// <summary>TLS between peers.</summary>
    public PeerTlsFiles PeerTls { get; init; } = new();

    /// <summary>Whether TLS 1.2 is allowed.</summary>
    public bool AllowsTls12 { get; init; } = true;

    /// <summary>Whether TLS 1.3 is allowed.</summary>
    public bool AllowsTls13 { get; init; } = true;

    /// <summary>Origins allowed in cross-origin requests; "*" for all.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = ["*"];

    /// <summary>Host names allowed in requests without TLS; "*" or none for all.</summary>
    public IReadOnlyList<string> HostWhitelist { get; init; } = ["*"];

    /// <summary>Whether the JSON gateway is served.</summary>
    public bool EnableGateway { get; init; } = true;

    /// <summary>Whether /metrics has the gRPC handling time histograms.</summary>
    public bool ExtensiveMetrics { get; init; }

    /// <summary>Least level of log lines: debug, info, warn, error, panic or fatal.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>stderr, stdout or paths of files.</summary>
    public IReadOnlyList<string> LogOutputs { get; init; } = ["stderr"];

    /// <summary>Whether log lines are for eyes instead of JSON.</summary>
    public bool ConsoleLog { get; init; }

    /// <summary>How long a request may take inside the server: 5 s and two election timeouts.</summary>
    public TimeSpan RequestTimeout => TimeSpan.FromSeconds(5) + (2 * ElectionTimeout);
}
