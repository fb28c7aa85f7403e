using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Informers;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// One object that pods of this node use, followed by a watch of its own, there or not yet there. Once it says that it never changes, the
/// watch ends.
/// </summary>
internal sealed class WatchedObject : IDisposable
{
    private readonly Informer<SourceObject> _informer;
    private readonly ObjectReference _reference;
    private readonly Action<WatchedObject> _onChange;
    private readonly CancellationTokenSource _stop = new();
    private bool _isImmutable;

    /// <summary>Makes one.</summary>
    /// <param name="client">The API.</param>
    /// <param name="reference">Which object.</param>
    /// <param name="clock">The clock of pauses.</param>
    /// <param name="warn">Is told what goes wrong.</param>
    /// <param name="onChange">Is told of changes, on the thread that reads the watch.</param>
    public WatchedObject(
        KubernetesClient client, ObjectReference reference, TimeProvider clock, Action<string> warn, Action<WatchedObject> onChange)
    {
        _reference = reference;
        _onChange = onChange;
        var resource = reference.IsSecret ? SourceObject.Secrets : SourceObject.ConfigMaps;
        var selector = $"fieldSelector=metadata.name%3D{Uri.EscapeDataString(reference.Name)}";
        _informer = new Informer<SourceObject>(client, resource, clock, warn, selector, ns: reference.Namespace);
        _informer.Subscribe((_, now) => Take(now));
    }

    /// <summary>The pods that use it. Belongs to the owner's lock.</summary>
    public HashSet<string> Users { get; } = [];

    /// <summary>The object; null: there is none, as far as is known.</summary>
    public JsonObject? Current => _informer.Find(_reference.Namespace, _reference.Name)?.Json;

    /// <summary>Completes when it is known whether it is there.</summary>
    public Task Synced => _informer.Synced;

    /// <summary>Follows it, until it is disposed of.</summary>
    public Task RunAsync() => Task.Run(() => _informer.RunAsync(_stop.Token));

    public void Dispose() => _stop.Cancel();

    private void Take(SourceObject? now)
    {
        if (_isImmutable)
        {
            return;
        }

        _onChange(this);
        if (now is { IsImmutable: true })
        {
            // Whoever waits for the watch to be complete must hear of that first, which comes before the next read of it.
            _isImmutable = true;
            _ = Synced.ContinueWith(_ => _stop.Cancel(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }
}
