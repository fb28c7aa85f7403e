using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Nftables;

namespace Etcdish.Network.Policies;

/// <summary>
/// Carries out network policies for the pods of one node: what reaches them, and what they reach, beyond what is always allowed (replies,
/// their own node, themselves). Changes that come together are one transaction. Connections that were allowed when they began stay.
/// </summary>
public sealed class NetworkPolicies
{
    private readonly ControllerContext _context;
    private readonly NetworkPolicyOptions _options;
    private readonly INftables _nftables;
    private readonly Action _prepare;
    private readonly Informer<NetworkPolicy> _policies;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Namespace> _namespaces;
    private readonly PolicyTable _table;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly WakeLoop _loop;
    private readonly Lock _lock = new();
    private HashSet<(ChangedKind Kind, ObjectKey Key)> _changed = [];

    /// <summary>Makes one, which watches policies, pods and namespaces.</summary>
    public NetworkPolicies(ControllerContext context, NetworkPolicyOptions options)
        : this(context, options, new NftProgram(), BridgeFilter.Enable)
    {
    }

    internal NetworkPolicies(ControllerContext context, NetworkPolicyOptions options, INftables nftables, Action prepare)
    {
        (_context, _options, _nftables, _prepare) = (context, options, nftables, prepare);
        _loop = new WakeLoop(context.Clock);
        _table = new PolicyTable($"inet {options.Table}", options.NodeName);
        _policies = context.Informers.Of(Resources.NetworkPolicies);
        _pods = context.Informers.Of(Resources.Pods);
        _namespaces = context.Informers.Of(Resources.Namespaces);
        _policies.Subscribe((before, now) => Note(ChangedKind.Policy, (now ?? before)!));
        _pods.Subscribe((before, now) => Note(ChangedKind.Pod, (now ?? before)!));
        _namespaces.Subscribe((before, now) => Note(ChangedKind.Namespace, (now ?? before)!));
    }

    /// <summary>Completes when what was there at the start is in the kernel.</summary>
    public Task Synced => _synced.Task;

    /// <summary>Works until it is cancelled. What the kernel has then stays: pods are not to be open because nobody watches.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await _context.Informers.StartAsync(cancellation);
        Try(_prepare);
        await using var resync = _context.Clock.CreateTimer(_ => Rewrite(), null, _options.Resync, _options.Resync);
        await _loop.RunAsync(TrySyncAsync, cancellation);
    }

    /// <summary>Removes the table: nothing is judged any more.</summary>
    /// <exception cref="IOException">The kernel refused that.</exception>
    public Task RemoveAsync(CancellationToken cancellation) =>
        _nftables.ApplyAsync($"add table inet {_options.Table}\ndelete table inet {_options.Table}\n".AsMemory(), cancellation);

    private async Task<bool> TrySyncAsync(CancellationToken cancellation)
    {
        foreach (var (kind, key) in TakeChanged())
        {
            Update(kind, key);
        }

        try
        {
            await ApplyAsync(_table.Image.TakeChanges(), cancellation);
            _synced.TrySetResult();
            await ApplyAsync(_table.Image.TakeLeftovers(), cancellation);
            return true;
        }
        catch (IOException e)
        {
            _context.Warn($"network policies are not in force as they should, and are written anew: {e.Message}");
            _table.Image.Forget();
            return false;
        }
    }

    private void Update(ChangedKind kind, ObjectKey key)
    {
        switch (kind)
        {
            case ChangedKind.Policy:
                _table.SetPolicy(key, _policies.Find(key));
                break;
            case ChangedKind.Pod:
                _table.SetPod(key, _pods.Find(key));
                break;
            case ChangedKind.Namespace:
                _table.SetNamespace(key.Name, _namespaces.Find(key)?.Metadata.Labels);
                break;
            case ChangedKind.Everything:
                _table.Image.Forget();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, "no kind of change");
        }
    }

    private Task ApplyAsync(string commands, CancellationToken cancellation) =>
        commands.Length == 0 ? Task.CompletedTask : _nftables.ApplyAsync(commands.AsMemory(), cancellation);

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (IOException e)
        {
            _context.Warn($"network policies do not hold between pods of one node: {e.Message}");
        }
    }

    private void Rewrite() => Note(ChangedKind.Everything, default(ObjectKey));

    private void Note(ChangedKind kind, KubernetesObject value) => Note(kind, value.Key);

    private void Note(ChangedKind kind, ObjectKey key)
    {
        lock (_lock)
        {
            _changed.Add((kind, key));
        }

        _loop.Wake();
    }

    // The order of changes does not matter: what follows from all of them does not depend on it.
    private HashSet<(ChangedKind Kind, ObjectKey Key)> TakeChanged()
    {
        lock (_lock)
        {
            var changed = _changed;
            _changed = [];
            return changed;
        }
    }

    private enum ChangedKind
    {
        Policy,
        Pod,
        Namespace,
        Everything,
    }
}
