using System.Runtime.InteropServices;
using Etcdish.Cluster;
using Etcdish.Server.Configuration;

namespace Etcdish.Server.Logging;

/// <summary>The lines of a start, in etcd's words: people and scripts wait for some of them.</summary>
internal static class StartupLog
{
    public static void Starting(ServerLog log, ServerOptions options) => log.Info(
        "starting an etcd server",
        [
            new("etcd-version", ServerVersion.Api),
            new("etcdish-version", ServerVersion.Product),
            new("runtime", RuntimeInformation.FrameworkDescription),
            new("os-arch", RuntimeInformation.RuntimeIdentifier),
            new("max-cpu-available", Environment.ProcessorCount),
            new("name", options.Name),
            new("data-dir", Path.GetFullPath(options.DataDirectory)),
            new("election-timeout", options.ElectionTimeout),
            new("initial-advertise-peer-urls", Texts(options.InitialAdvertisePeerUrls)),
            new("advertise-client-urls", Texts(options.AdvertiseClientUrls)),
            new("listen-client-urls", Texts(options.ListenClientUrls)),
            new("listen-metrics-urls", Texts(options.ListenMetricsUrls)),
            new("initial-cluster", options.InitialCluster),
            new("initial-cluster-token", options.InitialClusterToken),
            new("quota-backend-bytes", options.QuotaBytes),
            new("max-request-bytes", options.MaxRequestBytes),
            new("max-txn-ops", options.MaxTxnOps),
            new("auto-compaction-mode", options.AutoCompactionMode.ToString().ToLowerInvariant()),
            new("auto-compaction-period", options.AutoCompactionPeriod),
            new("auto-compaction-revisions", options.AutoCompactionRevisions),
        ]);

    public static void NodeReady(ServerLog log, Node node, ServerOptions options)
    {
        log.Info("enabled capabilities for version", [new("cluster-version", ServerVersion.Cluster[..3])]);
        log.Info(
            "published local member to cluster through raft",
            [
                new("local-member-id", Hex(node.MemberId)),
                new("local-member-attributes", $"{{Name:{node.Name} ClientURLs:[{string.Join(' ', Texts(options.AdvertiseClientUrls))}]}}"),
                new("cluster-id", Hex(node.ClusterId)),
                new("publish-timeout", options.RequestTimeout),
            ]);
    }

    public static void Serving(
        ServerLog log, Node node, ServerOptions options, IReadOnlyList<string> clientUrls, IReadOnlyList<string> metricsUrls)
    {
        log.Info("ready to serve client requests");
        string traffic = options.ListenClientHttpUrls.Count > 0 ? "grpc" : "grpc+http";
        foreach (string url in clientUrls)
        {
            string address = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
            string message = url.StartsWith("https", StringComparison.Ordinal) || url.StartsWith("unixs", StringComparison.Ordinal)
                ? "serving client traffic securely"
                : "serving client traffic insecurely; this is strongly discouraged!";
            log.Info(message, [new("traffic", traffic), new("address", address)]);
        }

        log.Info(
            "now serving peer/client/metrics",
            [
                new("local-member-id", Hex(node.MemberId)),
                new("advertise-client-urls", Texts(options.AdvertiseClientUrls)),
                new("listen-client-urls", clientUrls),
                new("listen-metrics-urls", metricsUrls),
            ]);
    }

    private static string Hex(ulong id) => id.ToString("x", null);

    private static string[] Texts(IReadOnlyList<EtcdUrl> urls) => [.. urls.Select(url => url.ToString())];
}
