using System.ComponentModel;
using System.Diagnostics;
using Etcdish.Kubernetes.Control;
using Etcdish.Network.Nftables;
using Etcdish.Network.Services;

namespace Etcdish.Network;

/// <summary>
/// Leads connections to services to their endpoints, on one node: by cluster addresses, node ports, external addresses and those of load
/// balancers.
/// </summary>
public sealed class ServiceProxy
{
    private readonly ServiceProxyOptions _options;
    private readonly ProxyHealth _health;
    private readonly Func<CancellationToken, Task> _run;

    /// <summary>Makes one; it asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="options">What it must be told.</param>
    /// <exception cref="ArgumentException">An option is wrong.</exception>
    public ServiceProxy(ControllerContext context, ServiceProxyOptions options)
        : this(context, options, new NftKernel(), static () => new ConntrackSocket())
    {
    }

    internal ServiceProxy(ControllerContext context, ServiceProxyOptions options, INftables nft, Func<IConntrack> openConntrack)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        Check(options);
        _options = options;
        Mode = Choose(options.Mode);
        _health = new ProxyHealth(context.Clock);
        if (Mode == ServiceProxyMode.Nftables)
        {
            var proxy = new NftablesProxy(context, options, _health, nft, openConntrack);
            (Synced, _run) = (proxy.Synced, proxy.RunAsync);
        }
        else
        {
            var proxy = new UserspaceServices(context, options, _health);
            (Synced, _run) = (proxy.Synced, proxy.RunAsync);
        }
    }

    /// <summary>How it leads connections: never <see cref="ServiceProxyMode.Auto"/>.</summary>
    public ServiceProxyMode Mode { get; }

    /// <summary>Completes when all services that there were at the start are in effect.</summary>
    public Task Synced { get; }

    /// <summary>Whether this process may change the packet filter, and nft is there for it.</summary>
    public static bool CanUseNftables()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        try
        {
            // A check that reads the tables: who may not change them, may not read them.
            using var nft = Process.Start(new ProcessStartInfo("nft", ["--check", "add table ip kube-proxy"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            nft?.WaitForExit();
            return nft?.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Works until it is cancelled.</summary>
    /// <exception cref="IOException">The address of healthz is taken, or the kernel has no conntrack.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var port = _options.HealthzAddress is { } address
            ? await HealthPort.StartAsync(address, _health.AnswerAsync, cancellation)
            : null;
        await _run(cancellation);
    }

    private static ServiceProxyMode Choose(ServiceProxyMode wanted) => wanted != ServiceProxyMode.Auto ? wanted
        : CanUseNftables() ? ServiceProxyMode.Nftables
        : ServiceProxyMode.Userspace;

    private static void Check(ServiceProxyOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.NodeName);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MinSyncPeriod.Ticks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.FullSyncPeriod.Ticks);
        foreach (var cidr in options.PodCidrs.Concat(options.ServiceCidrs))
        {
            if (!CidrSet.IsRange(cidr))
            {
                throw new ArgumentException($"\"{cidr}\" is no range of addresses, such as 10.244.0.0/16");
            }
        }
    }
}
