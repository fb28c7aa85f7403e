using System.Text.Json;
using System.Threading.Channels;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Brings what is there to what is wanted, an object at a time. A controller says in its constructor what it watches and which object each
/// change concerns; <see cref="ReconcileAsync"/> then reads caches, decides and writes. It may be called at any time and any number of
/// times, with caches that lag behind its own writes.
/// </summary>
public abstract class Controller : IDisposable
{
    /// <summary>Makes one.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="context">What all controllers share.</param>
    protected Controller(string name, ControllerContext context)
    {
        Name = name;
        Context = context;
        Queue = new WorkQueue<ObjectKey>(context.Clock);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What waits to be looked at.</summary>
    public WorkQueue<ObjectKey> Queue { get; }

    /// <summary>What all controllers share.</summary>
    protected ControllerContext Context { get; }

    /// <summary>Works until it is cancelled; to be started when the informers have synced.</summary>
    /// <param name="workers">How many objects at once.</param>
    /// <param name="cancellation">Ends it, in the middle of what it does: whoever comes next goes on from what is there.</param>
    public async Task RunAsync(int workers, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var background = RunInBackgroundAsync(stop.Token);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => Task.Run(() => WorkAsync(stop.Token), CancellationToken.None)));
        await stop.CancelAsync();
        await background;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what it holds.</summary>
    protected virtual void Dispose(bool disposing) => Queue.Dispose();

    /// <summary>Looks at one object, and does what is to be done about it.</summary>
    /// <param name="key">The object; it may be gone.</param>
    /// <param name="cancellation">Ends it.</param>
    protected abstract Task ReconcileAsync(ObjectKey key, CancellationToken cancellation);

    /// <summary>What a controller does besides, such as a look at everything from time to time. Ends when it is cancelled.</summary>
    protected virtual Task RunInBackgroundAsync(CancellationToken cancellation) => Task.CompletedTask;

    private async Task WorkAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var key = await Queue.TakeAsync(cancellation);
                try
                {
                    await LookAtAsync(key, cancellation);
                }
                finally
                {
                    Queue.Done(key);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            // The end.
        }
    }

    private async Task LookAtAsync(ObjectKey key, CancellationToken cancellation)
    {
        try
        {
            await ReconcileAsync(key, cancellation);
            Queue.Forget(key);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (ApiStatusException e) when (e.IsConflict)
        {
            // Somebody was faster: what he wrote is on its way here.
            Queue.AddRateLimited(key);
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            Context.Warn($"{Name}: {key}: {e.Message}");
            Queue.AddRateLimited(key);
        }
#pragma warning disable CA1031 // A defect costs this object only, and is told.
        catch (Exception e)
        {
            Context.Warn($"{Name}: {key}: a defect: {e}");
            Queue.AddRateLimited(key);
        }
#pragma warning restore CA1031
    }
}
