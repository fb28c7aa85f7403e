using System.Globalization;
using Etcdish.Cluster;

namespace Etcdish.Server.Configuration;

/// <summary>What a command line asks for.</summary>
public sealed record ParsedCommandLine
{
    /// <summary>Settings to serve with, or null when only help or the version is wanted.</summary>
    public ServerOptions? Options { get; init; }

    /// <summary>Whether the version is wanted.</summary>
    public bool WantsVersion { get; init; }

    /// <summary>Things that are accepted but should be looked at, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Makes <see cref="ServerOptions"/> from the command line, the environment and a configuration file, as etcd does.</summary>
public static class ServerOptionsParser
{
    private static readonly string[] _knownFeatureGates =
    [
        "AllAlpha", "AllBeta", "StopGRPCServiceOnDefrag", "TxnModeWriteWithSharedBuffer", "InitialCorruptCheck", "CompactHashCheck",
        "LeaseCheckpoint", "LeaseCheckpointPersist", "SetMemberLocalAddr", "FastLeaseKeepAlive", "PriorityRequest",
    ];

    /// <summary>Reads and validates.</summary>
    /// <param name="arguments">Arguments after the verb.</param>
    /// <param name="environment">Environment; only names that begin with ETCD_ matter.</param>
    /// <returns>The settings, or what else is wanted.</returns>
    /// <exception cref="OptionException">Something cannot be read or makes no sense.</exception>
    public static ParsedCommandLine Parse(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(environment);
        var values = new OptionValues();
        var warnings = new List<string>();
        if (!OptionSources.ReadFlags(arguments, values))
        {
            return new ParsedCommandLine();
        }

        if (values.Switch("version"))
        {
            return new ParsedCommandLine { WantsVersion = true };
        }

        string file = values.Text("config-file");
        file = file.Length > 0 ? file : environment.GetValueOrDefault("ETCD_CONFIG_FILE", "");
        if (file.Length > 0)
        {
            if (values.GivenCount > (values.IsGiven("config-file") ? 1 : 0))
            {
                warnings.Add("a configuration file is given, so all other flags and ETCD_* variables are ignored");
            }

            values = new OptionValues();
            YamlConfigFile.Read(file, values, warnings);
        }
        else
        {
            OptionSources.ReadEnvironment(environment, values, warnings);
        }

        warnings.AddRange(values.WithoutEffect().Select(option => $"--{option.Name} has no effect here: {option.Help}"));
        WarnOfUnknownGates(values, warnings);
        return new ParsedCommandLine { Options = Build(values), Warnings = warnings };
    }

    private static ServerOptions Build(OptionValues values)
    {
        Validate(values);
        string name = values.Text("name");
        IReadOnlyList<EtcdUrl> peerUrls = values.Urls("initial-advertise-peer-urls");
        string maxTls = values.Text("tls-max-version");
        bool isRevisionMode = values.Text("auto-compaction-mode") == "revision";
        var options = new ServerOptions
        {
            Name = name,
            DataDirectory = DataDirectory(values),
            ListenClientUrls = values.Urls("listen-client-urls"),
            ListenClientHttpUrls = values.Urls("listen-client-http-urls"),
            ListenMetricsUrls = values.Urls("listen-metrics-urls"),
            AdvertiseClientUrls = values.Urls("advertise-client-urls"),
            ListenPeerUrls = values.Urls("listen-peer-urls"),
            InitialAdvertisePeerUrls = peerUrls,
            InitialCluster = values.Text("initial-cluster") is { Length: > 0 } cluster ? cluster : DefaultCluster(name, peerUrls),
            JoinsExistingCluster = values.Text("initial-cluster-state") == "existing",
            ForceNewCluster = values.Switch("force-new-cluster"),
            StrictReconfigCheck = values.Switch("strict-reconfig-check"),
            MaxLearners = (int)values.Number("max-learners"),
            InitialClusterToken = values.Text("initial-cluster-token"),
            HeartbeatInterval = TimeSpan.FromMilliseconds(values.Number("heartbeat-interval")),
            ElectionTimeout = TimeSpan.FromMilliseconds(values.Number("election-timeout")),
            QuotaBytes = Quota(values.Number("quota-backend-bytes")),
            AutoCompactionMode = isRevisionMode ? AutoCompactionMode.Revision : AutoCompactionMode.Periodic,
            AutoCompactionPeriod = isRevisionMode ? TimeSpan.Zero : RetentionPeriod(values.Text("auto-compaction-retention")),
            AutoCompactionRevisions = isRevisionMode ? RetentionRevisions(values.Text("auto-compaction-retention")) : 0,
            MaxTxnOps = (int)values.Number("max-txn-ops"),
            MaxRequestBytes = (int)values.Number("max-request-bytes"),
            MaxConcurrentStreams = (uint)values.Number("max-concurrent-streams"),
            KeepAliveInterval = values.Duration("grpc-keepalive-interval"),
            KeepAliveTimeout = values.Duration("grpc-keepalive-timeout"),
            WatchProgressInterval = AtLeast(values.Duration("watch-progress-notify-interval"), TimeSpan.FromMilliseconds(100)),
            SlowRequestThreshold = values.Duration("warning-unary-request-duration"),
            ClientTls = Tls(values),
            PeerTls = PeerTls(values),
            AllowsTls12 = values.Text("tls-min-version") != "TLS1.3",
            AllowsTls13 = maxTls != "TLS1.2",
            CorsOrigins = values.List("cors"),
            HostWhitelist = values.List("host-whitelist"),
            EnableGateway = values.Switch("enable-grpc-gateway"),
            ExtensiveMetrics = values.Text("metrics") == "extensive",
            LogLevel = values.Text("log-level"),
            LogOutputs = [.. values.List("log-outputs").Select(output => output == "default" ? "stderr" : output)],
            ConsoleLog = values.Text("log-format") == "console",
        };
        return options;
    }

    private static void Validate(OptionValues values)
    {
        Demand(
            !values.IsGiven("listen-client-urls") || values.IsGiven("advertise-client-urls"),
            "--advertise-client-urls is required when --listen-client-urls is set explicitly");
        long heartbeat = values.Number("heartbeat-interval");
        long election = values.Number("election-timeout");
        Demand(
            election >= 5 * heartbeat,
            $"--election-timeout[{election}ms] should be at least as 5 times as --heartbeat-interval[{heartbeat}ms]");
        foreach (string option in (string[])["listen-client-urls", "listen-client-http-urls", "listen-metrics-urls", "listen-peer-urls"])
        {
            foreach (EtcdUrl url in values.Urls(option))
            {
                Demand(url.IsBindable, $"expected IP in URL for binding ({url}); use an address or localhost in --{option}");
            }
        }

        Demand(values.Urls("listen-client-urls").Count > 0, "--listen-client-urls must name at least one URL");
        Demand(values.Urls("initial-advertise-peer-urls").Count > 0, "--initial-advertise-peer-urls must name at least one URL");
        Demand(
            values.Text("tls-min-version") != "TLS1.3" || values.Text("tls-max-version") != "TLS1.2",
            "--tls-min-version is above --tls-max-version");
        ValidateTls(values);
        ValidatePeerTls(values);
        ValidateCluster(values);
    }

    private static void ValidateTls(OptionValues values)
    {
        TlsOptions tls = Tls(values);
        Demand((tls.CertFile.Length > 0) == (tls.KeyFile.Length > 0), "--cert-file and --key-file must be given together");
        Demand(
            !tls.ClientCertAuth || tls.TrustedCaFile.Length > 0,
            "--client-cert-auth needs --trusted-ca-file to check certificates against");
        foreach (EtcdUrl url in ((string[])["listen-client-urls", "listen-client-http-urls", "listen-metrics-urls"]).SelectMany(values.Urls))
        {
            Demand(!url.IsSecure || tls.IsConfigured, $"{url} needs TLS: give --cert-file and --key-file");
        }
    }

    private static void ValidatePeerTls(OptionValues values)
    {
        PeerTlsFiles tls = PeerTls(values);
        Demand((tls.CertFile.Length > 0) == (tls.KeyFile.Length > 0), "--peer-cert-file and --peer-key-file must be given together");
        Demand(
            (tls.ClientCertFile.Length > 0) == (tls.ClientKeyFile.Length > 0),
            "--peer-client-cert-file and --peer-client-key-file must be given together");
        Demand(
            !tls.ClientCertAuth || tls.TrustedCaFile.Length > 0,
            "--peer-client-cert-auth needs --peer-trusted-ca-file to check certificates against");
        Demand(
            tls.AllowedCommonNames.Count == 0 || tls.AllowedHostNames.Count == 0,
            "--peer-cert-allowed-cn and --peer-cert-allowed-hostname exclude each other");
        foreach (EtcdUrl url in values.Urls("listen-peer-urls"))
        {
            Demand(!url.IsUnix, $"--listen-peer-urls must be http or https: {url}");
            Demand(!url.IsSecure || tls.IsConfigured, $"{url} needs TLS: give --peer-cert-file and --peer-key-file");
        }
    }

    private static string DataDirectory(OptionValues values) =>
        values.Text("data-dir") is { Length: > 0 } directory ? directory : values.Text("name") + ".etcd";

    // A directory that belongs to a member knows its cluster: what the flag says may be from long ago.
    private static void ValidateCluster(OptionValues values)
    {
        if (values.List("initial-cluster").Count > 0 && !Node.HoldsMember(DataDirectory(values)))
        {
            new InitialCluster(values.Text("initial-cluster")).Check(values.Text("name"), values.Urls("initial-advertise-peer-urls"));
        }
    }

    private static void Demand(bool condition, string message)
    {
        if (!condition)
        {
            throw new OptionException(message);
        }
    }

    private static TlsOptions Tls(OptionValues values) => new()
    {
        CertFile = values.Text("cert-file"),
        KeyFile = values.Text("key-file"),
        TrustedCaFile = values.Text("trusted-ca-file"),
        ClientCertAuth = values.Switch("client-cert-auth"),
    };

    private static PeerTlsFiles PeerTls(OptionValues values) => new()
    {
        CertFile = values.Text("peer-cert-file"),
        KeyFile = values.Text("peer-key-file"),
        ClientCertFile = values.Text("peer-client-cert-file"),
        ClientKeyFile = values.Text("peer-client-key-file"),
        TrustedCaFile = values.Text("peer-trusted-ca-file"),
        ClientCertAuth = values.Switch("peer-client-cert-auth"),
        AllowedCommonNames = values.List("peer-cert-allowed-cn"),
        AllowedHostNames = values.List("peer-cert-allowed-hostname"),
        SkipClientAddressCheck = values.Switch("peer-skip-client-san-verification"),
    };

    private static string DefaultCluster(string name, IReadOnlyList<EtcdUrl> peerUrls) =>
        string.Join(',', peerUrls.Select(url => $"{name}={url}"));

    private static long Quota(long number) => number switch
    {
        0 => ServerOptions.DefaultQuotaBytes,
        < 0 => long.MaxValue,
        _ => number,
    };

    private static TimeSpan AtLeast(TimeSpan value, TimeSpan floor) => value < floor ? floor : value;

    private static TimeSpan RetentionPeriod(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int hours))
        {
            return TimeSpan.FromHours(hours);
        }

        Demand(
            GoDuration.TryParse(text, out TimeSpan period) && period >= TimeSpan.Zero,
            $"invalid value \"{text}\" for --auto-compaction-retention: use hours, or a duration such as 30m");
        return period;
    }

    private static long RetentionRevisions(string text)
    {
        Demand(
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long revisions),
            $"invalid value \"{text}\" for --auto-compaction-retention: use a number of revisions");
        return revisions;
    }

    private static void WarnOfUnknownGates(OptionValues values, List<string> warnings)
    {
        foreach (string gate in values.List("feature-gates"))
        {
            string name = gate.Split('=')[0];
            if (!_knownFeatureGates.Contains(name, StringComparer.Ordinal))
            {
                warnings.Add($"unknown feature gate {name} is ignored");
            }
        }
    }
}
