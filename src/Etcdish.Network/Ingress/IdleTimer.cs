namespace Etcdish.Network.Ingress;

/// <summary>Ends a request in which nothing has moved for a while, or whose client has gone.</summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _client;
    private readonly CancellationToken _clientGone;
    private readonly TimeSpan _patience;

    public IdleTimer(TimeSpan patience, TimeProvider clock, CancellationToken clientGone)
    {
        _patience = patience;
        _clientGone = clientGone;
        _source = new CancellationTokenSource(patience, clock);
        _client = clientGone.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Is cancelled at the end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether it ended because nothing moved.</summary>
    public bool HasExpired => _source.IsCancellationRequested && !_clientGone.IsCancellationRequested;

    /// <summary>Something has moved.</summary>
    public void Touch() => _source.CancelAfter(_patience);

    /// <summary>Ends it now.</summary>
    public Task EndAsync() => _source.CancelAsync();

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _source.Dispose();
    }
}
