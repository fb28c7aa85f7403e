using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Lets one of several candidates work, by a Lease (coordination.k8s.io) that the leader renews. Candidates do not compare clocks: each
/// measures by its own how long the lease has looked the same. A leader counts from before the request by which it renewed last, and stops
/// before anybody can have waited long enough to take over. Times, fields and the order of decisions are those of client-go, so that
/// candidates of both kinds may share a lease.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="options">Which lease, and how long.</param>
/// <param name="clock">The clock.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
public sealed class LeaderElector(KubernetesClient client, LeaderElectionOptions options, TimeProvider clock, Action<string> warn)
{
    private LeaseRecord? _seen;
    private long _seenAt;
    private long _renewedAt;

    /// <summary>Whether this candidate leads.</summary>
    public bool IsLeader { get; private set; }

    /// <summary>The leader as far as is known; empty if there is none.</summary>
    public string Leader => _seen?.Holder ?? "";

    /// <summary>
    /// Waits until this candidate leads, then works for as long as it does. When it is cancelled, work is ended first and the lease is
    /// given back, so that another leads at once.
    /// </summary>
    /// <param name="work">The work; its token says that it must end.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LeadershipLostException">Another leads, or may soon; the work has ended.</exception>
    /// <exception cref="ArgumentException">The options do not go together.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        options.Validate();
        try
        {
            await AcquireAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return;
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = work(stop.Token);
        var renewing = RenewAsync(stop.Token);
        try
        {
            await Task.WhenAny(working, renewing);
            StopNow(stop);
            await Task.WhenAll(working, renewing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            IsLeader &= !renewing.IsFaulted;
            await IgnoreCancellation(working, stop.Token);
            await IgnoreCancellation(renewing, stop.Token);
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>Tells the work before anything else happens, on this thread: none of a busy pool has to be waited for.</summary>
    private static void StopNow(CancellationTokenSource stop) => stop.Cancel();

    private static async Task IgnoreCancellation(Task task, CancellationToken stop)
    {
        try
        {
            await task;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // As it was told.
        }
    }

    private async Task AcquireAsync(CancellationToken cancellation)
    {
        while (!await TryLeadAsync(cancellation))
        {
            // Candidates that started together do not come together for ever.
            await Task.Delay(options.RetryPeriod * (1 + (0.2 * Random.Shared.NextDouble())), clock, cancellation);
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var rest = options.RenewDeadline - clock.GetElapsedTime(_renewedAt);
            await Task.Delay(rest < options.RetryPeriod ? rest : options.RetryPeriod, clock, cancellation);
            var left = options.RenewDeadline - clock.GetElapsedTime(_renewedAt);
            if (left > TimeSpan.Zero)
            {
                using var deadline = new CancellationTokenSource(left, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
                try
                {
                    await TryLeadAsync(either.Token);
                }
                catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
                {
                    warn($"lease {options.Name}: the server did not answer in time");
                }
            }

            if (_seen is { } seen && seen.Holder != options.Identity)
            {
                var holder = seen.Holder.Length == 0 ? "nobody" : seen.Holder;
                throw new LeadershipLostException($"lease {options.Name} is {holder}'s now");
            }

            if (clock.GetElapsedTime(_renewedAt) >= options.RenewDeadline)
            {
                throw new LeadershipLostException(
                    $"lease {options.Name} could not be renewed for {options.RenewDeadline.TotalSeconds:0} s");
            }
        }
    }

    /// <summary>One try to become leader, or to stay it.</summary>
    private async Task<bool> TryLeadAsync(CancellationToken cancellation)
    {
        var began = clock.GetTimestamp();
        try
        {
            await LookAsync(cancellation);
            if (!MayLead())
            {
                IsLeader = false;
                return false;
            }

            var now = clock.GetUtcNow();
            Note(await WriteAsync(_seen is null ? LeaseRecord.New(options, now) : _seen.HeldBy(options, now), cancellation));
            _renewedAt = began;
            IsLeader = true;
            return true;
        }
        catch (ApiStatusException e) when (e.IsConflict || e.IsAlreadyExists)
        {
            // Another candidate was faster. Who leads looks again with the next try.
            return false;
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException)
        {
            warn($"lease {options.Name}: {e.Message}");
            return false;
        }
    }

    private bool MayLead() =>
        _seen is null || _seen.Holder.Length == 0 || _seen.Holder == options.Identity
        || clock.GetElapsedTime(_seenAt) >= _seen.Duration;

    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            Note(new LeaseRecord(await ReadAsync(HttpMethod.Get, options.Name, null, cancellation)));
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            _seen = null;
        }
    }

    /// <summary>Remembers since when the lease has looked as it does.</summary>
    private void Note(LeaseRecord now)
    {
        if (_seen is null || _seen.Revision != now.Revision)
        {
            _seenAt = clock.GetTimestamp();
        }

        _seen = now;
    }

    private async Task<LeaseRecord> WriteAsync(JsonObject lease, CancellationToken cancellation) =>
        new(await (_seen is null
            ? ReadAsync(HttpMethod.Post, "", lease, cancellation)
            : ReadAsync(HttpMethod.Put, options.Name, lease, cancellation)));

    private async Task<JsonObject> ReadAsync(HttpMethod method, string name, JsonObject? body, CancellationToken cancellation) =>
        JsonTree.ParseObject(await client.SendAsync(method, Resources.Leases.Path(options.Namespace, name), body, null, cancellation));

    private async Task ReleaseAsync()
    {
        if (!IsLeader || _seen is null)
        {
            return;
        }

        IsLeader = false;
        using var patience = new CancellationTokenSource(options.RenewDeadline, clock);
        try
        {
            Note(await WriteAsync(_seen.Released(clock.GetUtcNow()), patience.Token));
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException
            or OperationCanceledException)
        {
            // The others have to wait until it runs out.
            warn($"lease {options.Name} could not be given back: {e.Message}");
        }
    }
}
