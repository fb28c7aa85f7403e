using System.Collections.Concurrent;
using System.Text;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>
/// All roles and bindings, kept up to date by one watch over the whole group. Readers take no lock. It also hears of the writes of this
/// server, so that whoever was told that a role is written finds it in force.
/// </summary>
internal sealed class PolicyCache(IObjectStore store, string rootPrefix, Action<string> warn) : IWriteObserver, IAsyncDisposable
{
    public const string ApiGroup = "rbac.authorization.k8s.io";

    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, PolicyScope> _scopes = new(StringComparer.Ordinal);
    private readonly RevisionSignal _seen = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _prefix = $"{rootPrefix}{ApiGroup}/";
    private PolicyScope _cluster = PolicyScope.Empty;
    private Task _running = Task.CompletedTask;
    private long _written;

    /// <summary>Raised behind every change of cluster roles.</summary>
    public event Action? ClusterRolesChanged;

    /// <summary>What holds in the whole cluster.</summary>
    public PolicyScope Cluster => Volatile.Read(ref _cluster);

    /// <summary>What holds in a namespace beside that.</summary>
    public PolicyScope In(string scope) => scope.Length > 0 && _scopes.TryGetValue(scope, out var found) ? found : PolicyScope.Empty;

    /// <summary>Reads everything, then follows changes until it is disposed of.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        var revision = await LoadAsync(cancellation);
        _running = Task.Run(() => FollowAsync(revision), CancellationToken.None);
    }

    /// <summary>Waits until what this server wrote is seen; nearly always that is so already.</summary>
    /// <exception cref="StoreUnavailableException">The store does not tell of changes.</exception>
    public ValueTask CatchUpAsync(CancellationToken cancellation)
    {
        var written = Volatile.Read(ref _written);
        return written <= _seen.Reached ? ValueTask.CompletedTask : new ValueTask(WaitAsync(written, cancellation));
    }

    public bool Observes(string key) => key.StartsWith(_prefix, StringComparison.Ordinal);

    public ValueTask WrittenAsync(string key, long revision, bool isDeleted, CancellationToken cancellation)
    {
        InterlockedMax(ref _written, revision);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task WaitAsync(long revision, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_patience);
        try
        {
            await _seen.WaitAsync(revision, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new StoreUnavailableException("it does not tell which roles were written last");
        }
    }

    private async Task FollowAsync(long revision)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await foreach (var changes in store.Watch(_prefix, revision + 1).WithCancellation(_stopping.Token))
                {
                    Apply(changes);
                    revision = changes.Revision;
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (StoreCompactedException)
            {
                revision = await ReloadAsync() ?? revision;
            }
            catch (StoreUnavailableException e)
            {
                warn($"roles are as they were, for the store does not tell of changes: {e.Message}");
                await PauseAsync();
            }
        }
    }

    private async Task<long?> ReloadAsync()
    {
        try
        {
            return await LoadAsync(_stopping.Token);
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            await PauseAsync();
            return null;
        }
    }

    private async Task PauseAsync()
    {
        // Cancelled or not, the caller looks.
        await Task.Delay(_pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<long> LoadAsync(CancellationToken cancellation)
    {
        var page = await store.ListAsync(new StorePageRequest(_prefix), cancellation);
        var changes = new PolicyChanges(_prefix, warn);
        foreach (var item in page.Objects)
        {
            changes.Add(Encoding.UTF8.GetString(item.Key.Span), item.Value);
        }

        foreach (var gone in _scopes.Keys.Where(scope => !changes.Scopes.ContainsKey(scope)).ToArray())
        {
            _scopes.TryRemove(gone, out _);
        }

        foreach (var (scope, change) in changes.Scopes)
        {
            Put(scope, PolicyScope.Empty.With(change.Roles, change.Bindings));
        }

        _seen.Reach(page.Revision);
        ClusterRolesChanged?.Invoke();
        return page.Revision;
    }

    private void Apply(StoreChanges batch)
    {
        var changes = new PolicyChanges(_prefix, warn);
        foreach (var item in batch.Items)
        {
            changes.Add(item.Key, item.Value);
        }

        foreach (var (scope, change) in changes.Scopes)
        {
            Put(scope, (scope.Length == 0 ? Cluster : In(scope)).With(change.Roles, change.Bindings));
        }

        _seen.Reach(batch.Revision);
        if (changes.Scopes.TryGetValue("", out var cluster) && cluster.Roles.Count > 0)
        {
            ClusterRolesChanged?.Invoke();
        }
    }

    private void Put(string scope, PolicyScope content)
    {
        if (scope.Length == 0)
        {
            Volatile.Write(ref _cluster, content);
        }
        else if (content.IsEmpty)
        {
            _scopes.TryRemove(scope, out _);
        }
        else
        {
            _scopes[scope] = content;
        }
    }

    private static void InterlockedMax(ref long target, long value)
    {
        var current = Volatile.Read(ref target);
        while (value > current)
        {
            var seen = Interlocked.CompareExchange(ref target, value, current);
            if (seen == current)
            {
                return;
            }

            current = seen;
        }
    }
}
