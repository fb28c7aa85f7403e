using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Images;

/// <summary>
/// Fetches images, a few at a time, and each once for all who wait for it with the same logins. A pull goes on while anybody waits for it.
/// For use by many threads.
/// </summary>
/// <param name="images">The runtime's images.</param>
/// <param name="clock">The clock of durations.</param>
/// <param name="parallelism">How many pulls are under way at once.</param>
internal sealed class SharedPulls(IImageService images, TimeProvider clock, int parallelism) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _turns = new(parallelism);
    private readonly Dictionary<string, Pull> _running = new(StringComparer.Ordinal);

    /// <summary>Fetches an image; how long that took, without waiting for a turn.</summary>
    /// <exception cref="RuntimeException">No login leads to it; the message is what the registry said last.</exception>
    public async Task<TimeSpan> PullAsync(string image, IReadOnlyList<RegistryLogin> logins, CancellationToken cancellation)
    {
        var key = string.Join('\n', logins.Select(login => $"{login.ServerAddress} {login.Username} {login.Password}").Prepend(image));
        Pull pull;
        lock (_lock)
        {
            if (!_running.TryGetValue(key, out pull!))
            {
                _running[key] = pull = new Pull();
                var made = pull;
                pull.Work = Task.Run(() => RunAsync(key, made, image, logins), CancellationToken.None);
            }

            pull.Waiters++;
        }

        try
        {
            return await pull.Work.WaitAsync(cancellation);
        }
        finally
        {
            Leave(key, pull);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    private void Leave(string key, Pull pull)
    {
        lock (_lock)
        {
            if (--pull.Waiters > 0 || pull.Work.IsCompleted)
            {
                return;
            }

            // Who comes now begins anew: this one is on its way out.
            if (_running.GetValueOrDefault(key) == pull)
            {
                _running.Remove(key);
            }
        }

        pull.Stop.Cancel();
    }

    private async Task<TimeSpan> RunAsync(string key, Pull pull, string image, IReadOnlyList<RegistryLogin> logins)
    {
        var cancellation = pull.Stop.Token;
        await _turns.WaitAsync(cancellation);
        try
        {
            var began = clock.GetTimestamp();
            await PullWithAnyAsync(image, logins, cancellation);
            return clock.GetElapsedTime(began);
        }
        finally
        {
            _turns.Release();
            lock (_lock)
            {
                if (_running.GetValueOrDefault(key) == pull)
                {
                    _running.Remove(key);
                }
            }
        }
    }

    private async Task PullWithAnyAsync(string image, IReadOnlyList<RegistryLogin> logins, CancellationToken cancellation)
    {
        if (logins.Count == 0)
        {
            await images.PullAsync(image, null, cancellation);
            return;
        }

        List<string> failures = [];
        foreach (var login in logins)
        {
            try
            {
                await images.PullAsync(image, login, cancellation);
                return;
            }
            catch (RuntimeException e)
            {
                failures.Add(e.Message);
            }
        }

        var distinct = failures.Distinct().ToArray();
        throw new RuntimeException(distinct.Length == 1 ? distinct[0] : $"[{string.Join(", ", distinct)}]");
    }

    private sealed class Pull
    {
        public CancellationTokenSource Stop { get; } = new();

        public Task<TimeSpan> Work { get; set; } = null!;

        public int Waiters { get; set; }
    }
}
