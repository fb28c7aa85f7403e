using static Etcdish.Server.Configuration.OptionKind;
using static Etcdish.Server.Configuration.OptionSupport;

namespace Etcdish.Server.Configuration;

/// <summary>
/// All options of <c>etcdish server</c>, in the order of --help. Names, defaults and meanings are etcd's; this table alone drives flags,
/// environment, YAML and help.
/// </summary>
internal static class OptionTable
{
    /// <summary>Sections with their options.</summary>
    public static readonly (string Title, OptionDefinition[] Options)[] Sections =
    [
        ("Member", Member), ("Clustering", Clustering), ("Security", Security), ("Auth", Auth), ("Logging", Logging),
        ("Limits and tuning", Tuning), ("Observation", Observation), ("Accepted for compatibility", Compatibility),
    ];

    private static readonly Dictionary<string, OptionDefinition> _byName = Sections
        .SelectMany(section => section.Options).ToDictionary(option => option.Name, StringComparer.Ordinal);

    /// <summary>Options by name.</summary>
    public static IReadOnlyDictionary<string, OptionDefinition> ByName => _byName;

    private static OptionDefinition[] Member =>
    [
        new("name", Text, "default", InForce, "Human-readable name of this member."),
        new("data-dir", Text, "", InForce, "Data directory; default is <name>.etcd in the working directory."),
        new("wal-dir", Text, "", RefusedUnlessDefault, "Separate directory of the log; here the log is the database, so it is --data-dir."),
        new("listen-client-urls", Urls, "http://localhost:2379", InForce, "URLs to listen on for clients; needs --advertise-client-urls."),
        new("listen-peer-urls", Urls, "http://localhost:2380", InForce, "URLs to listen on for peers."),
        new("listen-client-http-urls", Urls, "", InForce, "URLs for HTTP only (gateway, health); client URLs then serve gRPC only."),
        new("listen-metrics-urls", Urls, "", InForce, "Further URLs that serve /metrics and the health endpoints only."),
        new("config-file", Text, "", InForce, "YAML configuration file; flags and environment are ignored when it is given."),
        new("version", Switch, "false", InForce, "Print the version and exit."),
    ];

    private static OptionDefinition[] Clustering =>
    [
        new("advertise-client-urls", Urls, "http://localhost:2379", InForce, "Client URLs told to the rest of the cluster."),
        new("initial-advertise-peer-urls", Urls, "http://localhost:2380", InForce, "Peer URLs told to the rest of the cluster."),
        new("initial-cluster", Text, "", InForce, "Members at bootstrap as name=peerURL,...; default is this member alone."),
        new("initial-cluster-state", Text, "new", InForce, "Whether the cluster is made now or is joined.") { Choices = ["new", "existing"] },
        new("initial-cluster-token", Text, "etcd-cluster", InForce, "Token that sets the IDs of clusters with equal members apart."),
        new("heartbeat-interval", Number, "100", InForce, "Heartbeat interval in milliseconds.", 1, 10_000),
        new("election-timeout", Number, "1000", InForce, "Election timeout in milliseconds, at least 5 heartbeats.", 5, 50_000),
        new("force-new-cluster", Switch, "false", InForce, "Go on alone with this member's data: the last resort without a quorum."),
        new("strict-reconfig-check", Switch, "true", InForce, "Refuse changes of the members that could cost the quorum."),
        new("pre-vote", Switch, "true", NoEffect, "Votes are always asked for before the term is raised."),
        new("max-learners", Number, "1", InForce, "Most members without a vote.", 1, 1_000),
        new("discovery-srv", Text, "", RefusedUnlessDefault, "DNS domain to find the members in."),
        new("discovery-srv-name", Text, "", RefusedUnlessDefault, "Service name in that domain."),
    ];

    private static OptionDefinition[] Security =>
    [
        new("cert-file", Text, "", InForce, "Server certificate for clients (PEM)."),
        new("key-file", Text, "", InForce, "Its private key (PEM)."),
        new("client-cert-auth", Switch, "false", InForce, "Require client certificates signed by --trusted-ca-file."),
        new("trusted-ca-file", Text, "", InForce, "CA certificates that clients are checked against (PEM)."),
        new("client-crl-file", Text, "", RefusedUnlessDefault, "Revocation list for client certificates."),
        new("client-cert-allowed-hostname", List, "", RefusedUnlessDefault, "SAN host names allowed in client certificates."),
        new("client-cert-file", Text, "", NoEffect, "Client certificate for the server's calls to itself; it makes none."),
        new("client-key-file", Text, "", NoEffect, "Key of that certificate."),
        new("auto-tls", Switch, "false", RefusedUnlessDefault, "Client TLS with a generated certificate."),
        new("peer-cert-file", Text, "", InForce, "Certificate between peers (PEM)."),
        new("peer-key-file", Text, "", InForce, "Its private key (PEM)."),
        new("peer-client-cert-auth", Switch, "false", InForce, "Require certificates of peers."),
        new("peer-trusted-ca-file", Text, "", InForce, "CA certificates that peers are checked against (PEM)."),
        new("peer-client-cert-file", Text, "", InForce, "Separate certificate for outgoing peer connections."),
        new("peer-client-key-file", Text, "", InForce, "Key of that certificate."),
        new("peer-cert-allowed-cn", List, "", InForce, "Common names allowed in peer certificates."),
        new("peer-cert-allowed-hostname", List, "", InForce, "SAN host names allowed in peer certificates."),
        new("peer-skip-client-san-verification", Switch, "false", InForce, "Let peers dial from addresses not in their certificate."),
        new("peer-crl-file", Text, "", RefusedUnlessDefault, "Revocation list for peer certificates."),
        new("peer-auto-tls", Switch, "false", RefusedUnlessDefault, "Peer TLS with a generated certificate."),
        new("tls-min-version", Text, "TLS1.2", InForce, "Lowest TLS version.") { Choices = ["TLS1.2", "TLS1.3"] },
        new("tls-max-version", Text, "", InForce, "Highest TLS version; default is the system's.") { Choices = ["", "TLS1.2", "TLS1.3"] },
        new("cipher-suites", List, "", RefusedUnlessDefault, "Cipher suites for TLS 1.2."),
        new("cors", List, "*", InForce, "Origins allowed in cross-origin requests."),
        new("host-whitelist", List, "*", InForce, "Host names allowed in HTTP requests without TLS."),
    ];

    private static OptionDefinition[] Auth =>
    [
        new("auth-token", Text, "simple", NoEffect, "Kind of authentication token; there are no users to give one to."),
        new("auth-token-ttl", Number, "300", NoEffect, "Life of a simple token in seconds.", 1, int.MaxValue),
        new("bcrypt-cost", Number, "10", NoEffect, "Cost of password hashes.", 4, 31),
    ];

    private static OptionDefinition[] Logging =>
    [
        new("log-level", Text, "info", InForce, "Least level written.") { Choices = ["debug", "info", "warn", "error", "panic", "fatal"] },
        new("log-outputs", List, "default", InForce, "default (stderr), stderr, stdout or files."),
        new("log-format", Text, "json", InForce, "Form of log lines.") { Choices = ["json", "console"] },
        new("logger", Text, "zap", InForce, "Kind of logger.") { Choices = ["zap"] },
        new("enable-log-rotation", Switch, "false", RefusedUnlessDefault, "Rotate a log file."),
        new("log-rotation-config-json", Text, "", NoEffect, "How to rotate it."),
    ];

    private static OptionDefinition[] Tuning =>
    [
        new("quota-backend-bytes", Number, "0", InForce, "Most live bytes; 0 is 2 GiB, negative is no limit.", long.MinValue),
        new("auto-compaction-mode", Text, "periodic", InForce, "What the retention counts.") { Choices = ["periodic", "revision"] },
        new("auto-compaction-retention", Text, "0", InForce, "Duration (bare numbers are hours) or revisions to keep; 0 is off."),
        new("max-txn-ops", Number, "128", InForce, "Most operations in a transaction's branch.", 1, int.MaxValue),
        new("max-request-bytes", Number, "1572864", InForce, "Most bytes in a request.", 1, 1 << 30),
        new("max-concurrent-streams", Number, "4294967295", InForce, "Most streams of a connection at a time.", 1, uint.MaxValue),
        new("grpc-keepalive-min-time", Duration, "5s", NoEffect, "Least time between a client's pings; any is taken."),
        new("grpc-keepalive-interval", Duration, "2h", InForce, "Time without traffic after which the server pings; 0 is never."),
        new("grpc-keepalive-timeout", Duration, "20s", InForce, "Time to wait for the ping's answer."),
        new("watch-progress-notify-interval", Duration, "10m", InForce, "Time between progress notifications of an idle watch."),
        new("compaction-batch-limit", Number, "1000", NoEffect, "Compaction works without batches that writers wait for."),
        new("compaction-sleep-interval", Duration, "10ms", NoEffect, "Compaction works without batches that writers wait for."),
        new("snapshot-count", Number, "10000", NoEffect, "Checkpoints follow the size of the log."),
        new("snapshot-catchup-entries", Number, "5000", NoEffect, "The log is kept by size."),
        new("unsafe-no-fsync", Switch, "false", RefusedUnlessDefault, "Answer writes before they are durable: never done."),
        new("socket-reuse-port", Switch, "false", RefusedUnlessDefault, "Share a port between processes."),
        new("socket-reuse-address", Switch, "false", NoEffect, "Ports in TIME_WAIT can be bound in any case."),
    ];

    private static OptionDefinition[] Observation =>
    [
        new("metrics", Text, "basic", InForce, "extensive adds histograms of gRPC handling times.") { Choices = ["basic", "extensive"] },
        new("enable-grpc-gateway", Switch, "true", InForce, "Serve the JSON gateway under /v3."),
        new("warning-apply-duration", Duration, "100ms", NoEffect, "Applying is not timed apart from the request."),
        new("warning-unary-request-duration", Duration, "300ms", InForce, "Time after which a request is reported as slow."),
        new("corrupt-check-time", Duration, "0", NoEffect, "Every read is checked."),
        new("compact-hash-check-time", Duration, "1m", NoEffect, "Every read is checked."),
        new("enable-pprof", Switch, "false", NoEffect, "Use dotnet-counters and dotnet-trace instead."),
        new("enable-distributed-tracing", Switch, "false", NoEffect, "No traces are sent."),
        new("distributed-tracing-address", Text, "localhost:4317", NoEffect, "No traces are sent."),
        new("distributed-tracing-service-name", Text, "etcd", NoEffect, "No traces are sent."),
        new("distributed-tracing-instance-id", Text, "", NoEffect, "No traces are sent."),
        new("distributed-tracing-sampling-rate", Number, "0", NoEffect, "No traces are sent."),
    ];

    private static OptionDefinition[] Compatibility =>
    [
        new("feature-gates", Text, "", NoEffect, "Known gates are accepted."),
        new("initial-election-tick-advance", Switch, "true", NoEffect, "Tuning of etcd's elections."),
        new("bootstrap-defrag-threshold-megabytes", Number, "0", NoEffect, "There is nothing to defragment."),
        new("downgrade-check-time", Duration, "5s", NoEffect, "There is no older format."),
        new("self-signed-cert-validity", Number, "1", NoEffect, "Belongs to --auto-tls."),
        new("max-wals", Number, "5", NoEffect, "Segments are deleted when nothing needs them."),
        new("max-snapshots", Number, "5", NoEffect, "Checkpoints are deleted when nothing needs them."),
        new("backend-bbolt-freelist-type", Text, "map", NoEffect, "There is no bbolt."),
        new("backend-batch-interval", Duration, "100ms", NoEffect, "There is no bbolt."),
        new("backend-batch-limit", Number, "0", NoEffect, "There is no bbolt."),
        new("memory-mlock", Switch, "false", NoEffect, "There is no bbolt."),
        new("raft-read-timeout", Duration, "5s", NoEffect, "Tuning of etcd's peer transport."),
        new("raft-write-timeout", Duration, "5s", NoEffect, "Tuning of etcd's peer transport."),
        new("discovery-endpoints", List, "", RefusedUnlessDefault, "Discovery service."),
        new("discovery-token", Text, "", RefusedUnlessDefault, "Discovery service."),
        new("discovery-fallback", Text, "exit", NoEffect, "Discovery service."),
        new("discovery-dial-timeout", Duration, "2s", NoEffect, "Discovery service."),
        new("discovery-request-timeout", Duration, "5s", NoEffect, "Discovery service."),
        new("discovery-keepalive-time", Duration, "2s", NoEffect, "Discovery service."),
        new("discovery-keepalive-timeout", Duration, "6s", NoEffect, "Discovery service."),
        new("discovery-insecure-transport", Switch, "true", NoEffect, "Discovery service."),
        new("discovery-insecure-skip-tls-verify", Switch, "false", NoEffect, "Discovery service."),
        new("discovery-cert", Text, "", NoEffect, "Discovery service."),
        new("discovery-key", Text, "", NoEffect, "Discovery service."),
        new("discovery-cacert", Text, "", NoEffect, "Discovery service."),
        new("discovery-user", Text, "", NoEffect, "Discovery service."),
        new("discovery-password", Text, "", NoEffect, "Discovery service."),
    ];
}
