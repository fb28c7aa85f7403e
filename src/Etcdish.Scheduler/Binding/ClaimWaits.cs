using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Scheduler.Kinds;
using Etcdish.Scheduler.Volumes;

namespace Etcdish.Scheduler.Binding;

/// <summary>Waits until claims have their volumes, told of it by their informer. For use by many threads.</summary>
internal sealed class ClaimWaits
{
    private readonly Lock _lock = new();
    private readonly Informer<ClaimFacts> _claims;
    private readonly TimeProvider _clock;
    private readonly List<Wait> _waits = [];

    public ClaimWaits(Informer<ClaimFacts> claims, TimeProvider clock)
    {
        _claims = claims;
        _clock = clock;
        claims.Subscribe((_, _) => Look());
    }

    /// <summary>Completes when all of some claims are bound.</summary>
    /// <exception cref="TimeoutException">They were not in time.</exception>
    public async Task WaitAsync(IEnumerable<ObjectKey> claims, TimeSpan timeout, CancellationToken cancellation)
    {
        var wait = new Wait([.. claims], new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_lock)
        {
            _waits.Add(wait);
        }

        Look();
        try
        {
            await wait.Met.Task.WaitAsync(timeout, _clock, cancellation);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException("binding volumes: context deadline exceeded");
        }
        finally
        {
            lock (_lock)
            {
                _waits.Remove(wait);
            }
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            foreach (var wait in _waits)
            {
                if (Array.TrueForAll(wait.Claims, key => _claims.Find(key) is { } claim && VolumeFilter.IsBound(claim)))
                {
                    wait.Met.TrySetResult();
                }
            }
        }
    }

    private sealed record Wait(ObjectKey[] Claims, TaskCompletionSource Met);
}
