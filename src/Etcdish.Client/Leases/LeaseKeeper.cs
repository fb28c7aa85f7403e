using Etcdish.Client.Calls;
using Etcdish.Client.Transport;
using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Client;

/// <summary>
/// Renews leases, each after a third of its time to live, all over one stream: whatever is due at a wake-up is asked for in one go.
/// One background loop owns the stream and runs only while there are leases; the gate guards the list of leases.
/// </summary>
internal sealed class LeaseKeeper(CallInvoker calls) : IAsyncDisposable
{
    private static readonly TimeSpan _longestNap = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, KeptLease> _leases = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public KeptLease Add(long id, TimeSpan timeToLive)
    {
        KeptLease lease = new(this, id, timeToLive, calls.TimeProvider.GetTimestamp(), calls.TimeProvider);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested, this);
            if (!_leases.TryAdd(id, lease))
            {
                throw new InvalidOperationException($"lease {id:x} is already kept alive by this client");
            }

            if (_loop.IsCompleted)
            {
                _loop = KeepAllAsync(_stop.Token);
            }
        }

        return lease;
    }

    public void Remove(KeptLease lease)
    {
        lock (_gate)
        {
            if (_leases.TryGetValue(lease.Id, out KeptLease? kept) && kept == lease)
            {
                _leases.Remove(lease.Id);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task loop;
        lock (_gate)
        {
            _stop.Cancel();
            loop = _loop;
        }

        await loop;
        _stop.Dispose();
    }

    private async Task KeepAllAsync(CancellationToken stop)
    {
        await Task.Yield();
        while (!stop.IsCancellationRequested && DropExpired())
        {
            try
            {
                using OpenedStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> opened =
                    await calls.OpenDuplexAsync(EtcdMethods.LeaseKeepAlive, stop);
                if (await UseStreamAsync(opened, stop))
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (RpcException)
            {
                // No stream, for now: the leases show as lost when their time runs out, not before. The endpoint set paces the next try.
            }
        }
    }

    /// <summary>Runs one stream until it breaks or the keeper stops (false), or no lease is left (true).</summary>
    private async Task<bool> UseStreamAsync(OpenedStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> opened, CancellationToken stop)
    {
        using CancellationTokenSource broken = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task reading = ReadAnswersAsync(opened, broken, stop);
        try
        {
            while (!broken.IsCancellationRequested)
            {
                if (!DropExpired())
                {
                    return true;
                }

                foreach (KeptLease lease in TakeDue())
                {
                    await opened.Stream.WriteAsync(new LeaseKeepAliveRequest { ID = lease.Id });
                }

                await Task.Delay(NapUntilNextDue(), calls.TimeProvider, broken.Token);
            }
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The reader found the stream broken; the endpoint set has its verdict.
        }
        finally
        {
            await broken.CancelAsync();
            opened.Dispose();
            await reading;
        }

        return false;
    }

    private async Task ReadAnswersAsync(
        OpenedStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> opened, CancellationTokenSource broken, CancellationToken stop)
    {
        try
        {
            await foreach (LeaseKeepAliveResponse answer in opened.Stream.ReadAllAsync())
            {
                calls.Endpoints.ReportSuccess(opened.Endpoint);
                TakeAnswer(answer);
            }

            calls.Endpoints.ReportFailure(opened.Endpoint);
        }
        catch (RpcException e)
        {
            if (!stop.IsCancellationRequested)
            {
                calls.ShouldReopen(e, opened.Endpoint, opened.Token);
            }
        }
        catch (OperationCanceledException) when (broken.IsCancellationRequested)
        {
            // The writer is done with this stream.
        }

        await broken.CancelAsync();
    }

    private void TakeAnswer(LeaseKeepAliveResponse answer)
    {
        KeptLease? gone = null;
        lock (_gate)
        {
            if (!_leases.TryGetValue(answer.ID, out KeptLease? lease))
            {
                return;
            }

            if (answer.TTL > 0)
            {
                lease.Renewed(TimeSpan.FromSeconds(answer.TTL), lease.AskedAt, calls.TimeProvider);
            }
            else
            {
                _leases.Remove(answer.ID);
                gone = lease;
            }
        }

        gone?.MarkLost();
    }

    private List<KeptLease> TakeDue()
    {
        List<KeptLease> due = [];
        lock (_gate)
        {
            long now = calls.TimeProvider.GetTimestamp();
            foreach (KeptLease lease in _leases.Values)
            {
                if (lease.DueAt <= now)
                {
                    // Asked again after half of what is left, should the answer not come.
                    lease.AskedAt = now;
                    lease.DueAt = now + ((lease.ExpiresAt - now) / 2) + 1;
                    due.Add(lease);
                }
            }
        }

        return due;
    }

    /// <summary>Marks the leases whose time ran out as lost; false when none is left.</summary>
    private bool DropExpired()
    {
        List<KeptLease> expired = [];
        bool anyLeft;
        lock (_gate)
        {
            long now = calls.TimeProvider.GetTimestamp();
            expired.AddRange(_leases.Values.Where(lease => lease.ExpiresAt <= now));
            expired.ForEach(lease => _leases.Remove(lease.Id));
            anyLeft = _leases.Count > 0;
            if (!anyLeft)
            {
                _loop = Task.CompletedTask;
            }
        }

        expired.ForEach(lease => lease.MarkLost());
        return anyLeft;
    }

    private TimeSpan NapUntilNextDue()
    {
        lock (_gate)
        {
            long now = calls.TimeProvider.GetTimestamp();
            TimeSpan nap = _longestNap;
            foreach (KeptLease lease in _leases.Values)
            {
                TimeSpan untilDue = calls.TimeProvider.GetElapsedTime(now, Math.Min(lease.DueAt, lease.ExpiresAt));
                nap = untilDue < nap ? untilDue : nap;
            }

            return nap > TimeSpan.Zero ? nap : TimeSpan.FromMilliseconds(1);
        }
    }
}
