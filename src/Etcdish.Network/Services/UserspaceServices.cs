using Etcdish.Kubernetes.Control;
using Etcdish.Network.Userspace;

namespace Etcdish.Network.Services;

/// <summary>Leads the routes of this node to the userspace proxy, which listens for them in this process.</summary>
internal sealed class UserspaceServices
{
    private readonly ControllerContext _context;
    private readonly ProxyHealth _health;
    private readonly ServiceTable _table;
    private readonly UserspaceProxyOptions _options;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Asks for its informers.</summary>
    /// <param name="context">The cluster.</param>
    /// <param name="options">What the user said.</param>
    /// <param name="health">Is told how it keeps up.</param>
    public UserspaceServices(ControllerContext context, ServiceProxyOptions options, ProxyHealth health)
    {
        (_context, _health) = (context, health);
        _table = new ServiceTable(context, options.NodeName);
        _options = new UserspaceProxyOptions { Warn = new ServiceWarnings(context).Tell, Clock = context.Clock };
        if (options.NodeAddresses.Count > 0)
        {
            _options = _options with { NodePortAddresses = options.NodeAddresses };
        }
    }

    /// <summary>Completes when all services that there were at the start are in effect.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Works until it is cancelled; then nothing listens any more.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        await using var proxy = new UserspaceProxy(_options);
        await using var ports = new ServiceHealthPorts(() => _health.IsHealthy, _context.Warn);
        while (true)
        {
            _health.Waits();
            var changes = _table.TakeChanges();
            await ports.TakeAsync(changes, cancellation);
            foreach (var change in changes)
            {
                proxy.Apply(change.Key, change.Now);
            }

            _health.IsDone();
            _synced.TrySetResult();
            await _table.WaitAsync(cancellation);
        }
    }
}
