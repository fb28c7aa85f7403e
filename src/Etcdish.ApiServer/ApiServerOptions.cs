using System.Net;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Metrics;
using Etcdish.ApiServer.Security;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Streaming;
using Etcdish.ApiServer.Watching;

namespace Etcdish.ApiServer;

/// <summary>What an API server is made of.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Where objects are kept. Not closed with the server.</summary>
    public required IObjectStore Store { get; init; }

    /// <summary>Address and port to listen on; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 6443);

    /// <summary>
    /// Where pods and other machines reach it: it listens there as well, on the same port unless that is 0, and the service
    /// <c>kubernetes</c> leads there. Null: <see cref="Listen"/> is all.
    /// </summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>The cluster's authority. Null: no TLS, and everybody who can connect may do everything.</summary>
    public ClusterCertificates? Certificates { get; init; }

    /// <summary>
    /// Reaches kubelets. Null: by TCP at the addresses of their nodes, with certificates by TLS. Not closed with the server.
    /// </summary>
    public IKubeletConnector? Kubelets { get; init; }

    /// <summary>
    /// A file of tokens by which users say who they are: a line each, <c>token,user,uid,"group,group"</c>. Read at the start. Null: none.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>Who issues the tokens of service accounts, as a URL; tokens for this API have it as their audience, too.</summary>
    public string ServiceAccountIssuer { get; init; } = "https://kubernetes.default.svc.cluster.local";

    /// <summary>Prefix of all keys in the store, ending in "/". Servers on one store that share it share their cluster.</summary>
    public string StorePrefix { get; init; } = "/etcdish/";

    /// <summary>
    /// The addresses of services: a range such as <c>10.96.0.0/16</c>, or one of each family with a comma between. The first address of the
    /// first range is this API's own.
    /// </summary>
    public string ServiceClusterIpRange { get; init; } = "10.96.0.0/16";

    /// <summary>The ports of nodes that services may have, such as <c>30000-32767</c>.</summary>
    public string ServiceNodePortRange { get; init; } = "30000-32767";

    /// <summary>How long events stay behind their last change; at least a second.</summary>
    public TimeSpan EventTimeToLive { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The clock of ages, creation and deletion times.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Receives one line for each thing that an operator should know of.</summary>
    public Action<string> Warn { get; init; } = static _ => { };

    internal LimitSettings Limits { get; init; } = new();

    internal MetricsSettings Metrics { get; init; } = new();

    internal WatchSettings Watches { get; init; } = new();

    /// <exception cref="ArgumentException">A value is wrong.</exception>
    internal void Validate()
    {
        if (EventTimeToLive < TimeSpan.FromSeconds(1))
        {
            throw new ArgumentException($"events must stay for a second at least, not for {EventTimeToLive}");
        }

        if (!StorePrefix.StartsWith('/') || !StorePrefix.EndsWith('/'))
        {
            throw new ArgumentException($"the store's prefix \"{StorePrefix}\" must begin and end with \"/\"");
        }
    }
}
