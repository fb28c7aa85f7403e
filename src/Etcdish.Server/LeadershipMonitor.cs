using Etcdish.Cluster;
using Etcdish.Server.Configuration;
using Etcdish.Server.Logging;
using Etcdish.Store;

namespace Etcdish.Server;

/// <summary>
/// What the server does about leadership: waits for it at the start, logs who leads, ends streams that demand a leader when there has been
/// none for three election timeouts, and hands it over before the end.
/// </summary>
internal sealed class LeadershipMonitor(Node node, ServerOptions options, ServerLog log, TimeProvider clock) : IAsyncDisposable
{
    private const int PatienceInElectionTimeouts = 3;

    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenSource _present = new();
    private Task _watching = Task.CompletedTask;
    private ulong _leader;

    /// <summary>Cancelled when there has been no leader for three election timeouts; another token counts once there is one.</summary>
    public CancellationToken LeaderLost => Volatile.Read(ref _present).Token;

    // A member that joins knows of nobody at first, not even of itself.
    private bool IsAlone => node.Members is [var only] && only.Id == node.MemberId;

    /// <summary>
    /// Completes when this member may serve: a cluster of one at once, a member of several when the cluster knows it and a linearizable
    /// read succeeds.
    /// </summary>
    /// <param name="failed">What makes waiting pointless.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task StartAsync(Task<Exception> failed, CancellationToken cancellation)
    {
        if (IsAlone)
        {
            LogLeader();
            _watching = WatchAsync();
            return;
        }

        _watching = WatchAsync();
        Task ready = ReadyAsync();
        Task first = await Task.WhenAny(ready, failed).WaitAsync(cancellation).ConfigureAwait(false);
        if (first == failed || ready.Exception?.InnerException is EtcdException { Error: var error } && error == EtcdError.Stopped)
        {
            throw new NodeFailedException(await failed.WaitAsync(cancellation).ConfigureAwait(false));
        }

        await ready.ConfigureAwait(false);
    }

    /// <summary>Gives leadership to another member, if there is one to take it.</summary>
    public async Task HandOverAsync()
    {
        if (IsAlone)
        {
            return;
        }

        string local = Hex(node.MemberId);
        if (node.LeaderId != node.MemberId)
        {
            log.Info("skipped leadership transfer; local server is not leader",
                [new("local-member-id", local), new("current-leader-member-id", Hex(node.LeaderId))]);
            return;
        }

        long begun = clock.GetTimestamp();
        try
        {
            ulong successor = await node.HandOverLeadershipAsync().ConfigureAwait(false);
            if (successor == 0)
            {
                log.Warn("skipped leadership transfer; no other member could lead", [new("local-member-id", local)]);
                return;
            }

            log.Info("leadership transfer finished",
                [
                    new("local-member-id", local), new("transferee-member-id", Hex(successor)),
                    new("took", clock.GetElapsedTime(begun)),
                ]);
        }
        catch (Exception reason) when (reason is EtcdException or TimeoutException)
        {
            log.Warn("leadership transfer failed", [new("local-member-id", local), new("error", reason.Message)]);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _stop.Dispose();
        _present.Dispose();
    }

    private static string Hex(ulong id) => id.ToString("x", null);

    private async Task ReadyAsync()
    {
        await node.Published.ConfigureAwait(false);
        while (true)
        {
            try
            {
                await node.ReadBarrierAsync().ConfigureAwait(false);
                return;
            }
            catch (EtcdException reason) when (reason.Error != EtcdError.Stopped)
            {
                // Each try waits for as long as a request may take.
                log.Warn("waiting for a leader before clients are served", [new("error", reason.Message)]);
            }
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(options.HeartbeatInterval, clock);
        long seen = clock.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                LogLeader();
                if (node.LeaderId != 0)
                {
                    seen = clock.GetTimestamp();
                    Renew();
                }
                else if (clock.GetElapsedTime(seen) >= PatienceInElectionTimeouts * options.ElectionTimeout)
                {
                    await _present.CancelAsync().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private void Renew()
    {
        if (_present.IsCancellationRequested)
        {
            // The old one stays for those that hold its token.
            Volatile.Write(ref _present, new CancellationTokenSource());
        }
    }

    private void LogLeader()
    {
        ulong before = _leader;
        _leader = node.LeaderId;
        if (_leader == before)
        {
            return;
        }

        string own = Hex(node.MemberId);
        string change = before == 0 ? $"elected leader {Hex(_leader)}"
            : _leader == 0 ? $"lost leader {Hex(before)}"
            : $"changed leader from {Hex(before)} to {Hex(_leader)}";
        log.Info($"raft.node: {own} {change} at term {node.Term}", []);
    }
}

/// <summary>The node became unfit while the server waited for it.</summary>
/// <param name="reason">What the node says.</param>
internal sealed class NodeFailedException(Exception reason) : Exception(reason.Message, reason);
