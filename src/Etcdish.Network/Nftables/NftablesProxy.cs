using Etcdish.Kubernetes.Control;
using Etcdish.Network.Services;

namespace Etcdish.Network.Nftables;

/// <summary>
/// The service proxy as rules of the kernel's packet filter: no connection passes through this process, and when it stops the rules
/// remain. One loop takes changes and syncs; nothing else touches the tables.
/// </summary>
internal sealed class NftablesProxy
{
    private const string SettingsFolder = "/proc/sys/net";

    // What a transaction emptied is deleted by the next: this much later, if no change comes before.
    private static readonly TimeSpan _stalePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(1);

    private readonly ControllerContext _context;
    private readonly ServiceProxyOptions _options;
    private readonly ServiceTable _table;
    private readonly NodeNetworkSource _source;
    private readonly INftables _nft;
    private readonly NftSync _sync;
    private readonly IReadOnlyList<NftFamily> _families;
    private readonly Func<IConntrack> _openConntrack;
    private readonly ProxyHealth _health;
    private readonly List<RouteChange> _uncleaned = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeNetwork _node = new([], [], []);
    private TimeSpan _pause;
    private long _checked;

    /// <summary>Asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="health">Is told how it keeps up.</param>
    /// <param name="nft">The packet filter.</param>
    /// <param name="openConntrack">Opens the kernel's flows.</param>
    public NftablesProxy(
        ControllerContext context, ServiceProxyOptions options, ProxyHealth health, INftables nft, Func<IConntrack> openConntrack)
    {
        (_context, _options, _health, _nft, _openConntrack) = (context, options, health, nft, openConntrack);
        _families = File.Exists("/proc/net/if_inet6") ? [NftFamily.V4, NftFamily.V6] : [NftFamily.V4];
        _sync = new NftSync(nft, _families);
        _table = new ServiceTable(context, options.NodeName);
        _source = new NodeNetworkSource(context, options, _table.Wake);
    }

    /// <summary>Completes when all services that there were at the start are in effect.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Works until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        _node = _source.Read();
        _sync.Take(_node);
        KernelSettings.Apply(SettingsFolder, _node.PodCidrs.Any(cidr => cidr.Contains(':', StringComparison.Ordinal)), _context.Warn);
        await using var ports = new ServiceHealthPorts(() => _health.IsHealthy, _context.Warn);
        using var conntrack = _openConntrack();
        var flows = new UdpFlows(conntrack, _families);
        _checked = _context.Clock.GetTimestamp();
        try
        {
            while (true)
            {
                await SyncAsync(ports, flows, cancellation);
                await Task.Delay(_options.MinSyncPeriod, _context.Clock, cancellation);
                await WaitAsync(cancellation);
            }
        }
        finally
        {
            await CleanUpAsync();
            _nft.Dispose();
        }
    }

    private async Task SyncAsync(ServiceHealthPorts ports, UdpFlows flows, CancellationToken cancellation)
    {
        _health.Waits();
        Take(out var changes);
        await ports.TakeAsync(changes, cancellation);
        try
        {
            await _sync.SyncAsync(cancellation);
            flows.Clean(_uncleaned, _node.NodeAddresses);
            _uncleaned.Clear();
            _pause = TimeSpan.Zero;
            _health.IsDone();
            _synced.TrySetResult();
        }
        catch (IOException e)
        {
            _pause = _pause == TimeSpan.Zero ? _firstPause : TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, _longestPause.Ticks));
            _context.Warn($"service proxy: {e.Message}; tried again in {_pause.TotalSeconds:0} s");
        }
    }

    private void Take(out IReadOnlyList<RouteChange> changes)
    {
        changes = _table.TakeChanges();
        _sync.Take(changes);
        _uncleaned.AddRange(changes.Where(change => change.Key.Protocol == "UDP"));
        _health.SetNode(_source.IsNodeEligible);
        if (_source.Read() is var node && !node.Says(_node))
        {
            _node = node;
            _sync.Take(node);
        }

        if (_context.Clock.GetElapsedTime(_checked) >= _options.FullSyncPeriod)
        {
            _checked = _context.Clock.GetTimestamp();
            _sync.Distrust();
        }
    }

    /// <summary>Waits for a change, or for what is due without one.</summary>
    private async Task WaitAsync(CancellationToken cancellation)
    {
        var due = _options.FullSyncPeriod - _context.Clock.GetElapsedTime(_checked);
        due = _pause > TimeSpan.Zero && _pause < due ? _pause : due;
        due = _sync.HasStale && _stalePause < due ? _stalePause : due;
        if (due <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = new CancellationTokenSource(due, _context.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
        try
        {
            await _table.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It is due.
        }
    }

    private async Task CleanUpAsync()
    {
        if (_options.CleansUp)
        {
            try
            {
                await _sync.CleanUpAsync(CancellationToken.None);
            }
            catch (IOException e)
            {
                _context.Warn($"service proxy: its rules are still there: {e.Message}");
            }
        }
    }
}
