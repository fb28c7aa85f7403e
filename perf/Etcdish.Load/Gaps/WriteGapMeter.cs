using System.Diagnostics;
using Etcdish.Protos;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Load.Gaps;

/// <summary>
/// Finds the longest time in which no member of a cluster acknowledged a write. At every member a put begins every 5 ms, whether the
/// ones before were answered or not: a writer that waited for its answer would find a new leader only after its own timeout, when the
/// put that it waits for was lost with the old one.
/// </summary>
internal sealed class WriteGapMeter : IAsyncDisposable
{
    private const int MaxInFlight = 64;
    private static readonly TimeSpan _beat = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan _callTimeout = TimeSpan.FromMilliseconds(300);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RpcChannel[] _channels;
    private readonly Task[] _writers;
    private readonly List<(long Goal, TaskCompletionSource Met)> _waiting = [];
    private long _acknowledged;
    private long _last;
    private long _longest;

    /// <summary>Begins to write at each endpoint at once.</summary>
    public WriteGapMeter(IReadOnlyList<string> endpoints)
    {
        _last = Stopwatch.GetTimestamp();
        _channels = [.. endpoints.Select(endpoint => new RpcChannel(new Uri(endpoint)))];
        _writers = [.. _channels.Select((channel, i) => Task.Run(() => WriteAsync(channel, $"gap/{i}")))];
    }

    /// <summary>The longest gap since the window began, up to the last acknowledgement.</summary>
    public TimeSpan Longest
    {
        get
        {
            lock (_gate)
            {
                return Stopwatch.GetElapsedTime(0, _longest);
            }
        }
    }

    /// <summary>Forgets earlier gaps. A gap that is open now counts from the last acknowledgement.</summary>
    public void BeginWindow()
    {
        lock (_gate)
        {
            _longest = 0;
        }
    }

    /// <summary>Ends when so many more writes were acknowledged, by whichever member.</summary>
    public Task WaitForAcknowledgedAsync(int more, CancellationToken cancellationToken)
    {
        TaskCompletionSource met = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Add((_acknowledged + more, met));
        }

        return met.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_writers);
        foreach (RpcChannel channel in _channels)
        {
            channel.Dispose();
        }

        _stop.Dispose();
    }

    private async Task WriteAsync(RpcChannel channel, string name)
    {
        ByteString key = ByteString.CopyFromUtf8(name);
        Task[] inFlight = new Task[MaxInFlight];
        Array.Fill(inFlight, Task.CompletedTask);
        using PeriodicTimer beat = new(_beat);
        try
        {
            for (int i = 0; await beat.WaitForNextTickAsync(_stop.Token); i = (i + 1) % MaxInFlight)
            {
                if (inFlight[i].IsCompleted)
                {
                    inFlight[i] = PutAsync(channel, key);
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(inFlight);
        }
    }

    private async Task PutAsync(RpcChannel channel, ByteString key)
    {
        try
        {
            CallOptions options = new() { Timeout = _callTimeout, CancellationToken = _stop.Token };
            await channel.UnaryAsync("/etcdserverpb.KV/Put", new PutRequest { Key = key }, PutResponse.Parser, options);
            OnAcknowledged();
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            // Not acknowledged: what was not is the gap.
        }
    }

    private void OnAcknowledged()
    {
        lock (_gate)
        {
            long now = Stopwatch.GetTimestamp();
            _longest = Math.Max(_longest, now - _last);
            _last = now;
            _acknowledged++;
            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].Goal <= _acknowledged)
                {
                    _waiting[i].Met.TrySetResult();
                    _waiting.RemoveAt(i);
                }
            }
        }
    }
}
