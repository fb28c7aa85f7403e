namespace Etcdish.Network.Userspace;

/// <summary>All TCP connections that the proxy carries; at its end, they end.</summary>
internal sealed class TcpRelays : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly HashSet<TcpRelay> _live = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _live.Count;
            }
        }
    }

    /// <summary>Carries one more.</summary>
    public void Start(TcpRelay relay)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                relay.Abort();
                return;
            }

            _live.Add(relay);
        }

        _ = RunAsync(relay);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        TcpRelay[] live;
        lock (_lock)
        {
            _isClosed = true;
            live = [.. _live];
            if (live.Length == 0)
            {
                _ended.TrySetResult();
            }
        }

        Array.ForEach(live, relay => relay.Abort());
        await _ended.Task;
    }

    private async Task RunAsync(TcpRelay relay)
    {
        try
        {
            await relay.RunAsync();
        }
        finally
        {
            lock (_lock)
            {
                _live.Remove(relay);
                if (_isClosed && _live.Count == 0)
                {
                    _ended.TrySetResult();
                }
            }
        }
    }
}
