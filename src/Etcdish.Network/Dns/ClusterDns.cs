using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Etcdish.Kubernetes.Control;
using Etcdish.Network.Dns.Forwarding;
using Etcdish.Network.Dns.Serving;
using Etcdish.Network.Dns.Zones;

namespace Etcdish.Network.Dns;

/// <summary>
/// The cluster's name server: names of services, endpoints and pods (the specification of DNS in Kubernetes, 1.1.0), and what other name
/// servers say of the rest. It answers from the moment its sockets are open, but says nothing of the cluster before all of it is known.
/// </summary>
public sealed class ClusterDns : IDisposable
{
    private readonly ControllerContext _context;
    private readonly ClusterDnsOptions _options;
    private readonly Zone _zone;
    private readonly ZoneController _names;
    private readonly DnsAnnouncement? _announcement;
    private DnsServer? _server;

    /// <summary>Makes one; it asks for its informers.</summary>
    /// <param name="context">What all programs on the cluster share.</param>
    /// <param name="options">How it is set up.</param>
    /// <exception cref="FormatException">The zone is no domain name.</exception>
    /// <exception cref="ArgumentException">There is no address to listen at.</exception>
    public ClusterDns(ControllerContext context, ClusterDnsOptions options)
    {
        if (options.Listen.Count == 0)
        {
            throw new ArgumentException("a name server needs an address to listen at", nameof(options));
        }

        _context = context;
        _options = options;
        _zone = new Zone(options.Zone, options.ServiceAddress, (uint)context.Clock.GetUtcNow().ToUnixTimeSeconds());
        _names = new ZoneController(context, _zone);
        _announcement = options.NodeName.Length > 0 ? new DnsAnnouncement(context, options.NodeName) : null;
    }

    /// <summary>Where it listens, once it is open.</summary>
    public IReadOnlyList<IPEndPoint> Listening => _server?.Listening ?? [];

    /// <summary>Opens its sockets, if they are not; who needs to know its ports does so before it runs.</summary>
    /// <exception cref="SocketException">An address is not there, or its port is taken or not allowed.</exception>
    public void Open() => _server ??= DnsServer.Open(_options.Listen);

    /// <summary>Serves until it is cancelled.</summary>
    /// <exception cref="SocketException">Its sockets cannot be opened, or fail.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        Open();
        var forwarder = new Forwarder(Upstreams(), _context.Clock, new ForwarderLimits(), _context.Warn);
        var responder = new Responder(_zone, forwarder, _context.Clock, _options.PodNames, _context.Warn);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var serving = _server!.RunAsync(responder, forwarder, _context.Clock, StreamLimits.Default, stop.Token);
        var following = FollowAsync(stop.Token);
        await Task.WhenAny(serving, following);
        await stop.CancelAsync();
        await Task.WhenAll(serving, following);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server?.Dispose();
        _names.Dispose();
        _announcement?.Dispose();
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        _names.Load();
        List<Task> works = [_names.RunAsync(1, cancellation)];
        if (_announcement is not null)
        {
            _announcement.Target = Target();
            works.Add(_announcement.RunAsync(1, cancellation));
        }

        await Task.WhenAll(works);
    }

    /// <summary>Where pods reach it: at the node's address, on the port of the socket that hears there.</summary>
    private IPEndPoint Target()
    {
        var address = _options.NodeAddress ?? Listening[0].Address;
        var socket = Listening.FirstOrDefault(at => at.Address.Equals(address)) ?? Listening[0];
        return new IPEndPoint(address, socket.Port);
    }

    private IPEndPoint[] Upstreams()
    {
        var servers = _options.Upstreams ?? ResolvConf.Read(_options.ResolvConf);
        var others = servers.Where(server => !IsOurs(server)).ToArray();
        if (others.Length < servers.Count)
        {
            _context.Warn("cluster-dns: a name server of this machine is the cluster's own, and is not asked for names outside");
        }

        return others;
    }

    private bool IsOurs(IPEndPoint server) =>
        server.Address.Equals(_options.ServiceAddress)
        || server.Equals(Target())
        || Listening.Any(at => at.Port == server.Port && (at.Address.Equals(server.Address) || IsAnyHere(at.Address, server.Address)));

    private static bool IsAnyHere(IPAddress listening, IPAddress address) =>
        (listening.Equals(IPAddress.Any) || listening.Equals(IPAddress.IPv6Any))
        && (IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces()
            .Any(link => link.GetIPProperties().UnicastAddresses.Any(here => here.Address.Equals(address))));
}
