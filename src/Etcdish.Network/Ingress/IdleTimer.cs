using System.Diagnostics;

namespace Etcdish.Network.Ingress;

/// <summary>
/// Ends a request in which nothing has moved for a while, or whose client has gone. Used for many requests, one after another, since a
/// timer is dear: <see cref="Start"/>, and at the end <see cref="TryReset"/>.
/// </summary>
/// <param name="clock">The clock.</param>
internal sealed class IdleTimer(TimeProvider clock) : IDisposable
{
    // What has moved is noted only so often: each note takes the lock of the runtime's timers.
    private const int NotesInPatience = 16;

    private readonly CancellationTokenSource _source = new(Timeout.InfiniteTimeSpan, clock);
    private CancellationTokenRegistration _client;
    private CancellationToken _clientGone;
    private TimeSpan _patience;
    private long _noted;

    /// <summary>Is cancelled at the end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether it ended because nothing moved.</summary>
    public bool HasExpired => _source.IsCancellationRequested && !_clientGone.IsCancellationRequested;

    /// <summary>A request begins.</summary>
    /// <param name="patience">How long nothing may move; it may take a sixteenth longer to be noticed.</param>
    /// <param name="clientGone">Is cancelled when the client goes.</param>
    public void Start(TimeSpan patience, CancellationToken clientGone)
    {
        Debug.Assert(_client == default, "the request before has not ended");
        _patience = patience;
        _clientGone = clientGone;
        Note(clock.GetTimestamp());
        _client = clientGone.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Something has moved.</summary>
    public void Touch()
    {
        var now = clock.GetTimestamp();
        if (clock.GetElapsedTime(_noted, now) >= _patience / NotesInPatience)
        {
            Note(now);
        }
    }

    /// <summary>Ends it now.</summary>
    public Task EndAsync() => _source.CancelAsync();

    /// <summary>The request has ended, and nobody uses the token any more. Whether it can serve another one.</summary>
    public bool TryReset()
    {
        _client.Dispose();
        _client = default;
        return _source.TryReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _source.Dispose();
    }

    private void Note(long now)
    {
        _noted = now;
        _source.CancelAfter(_patience + (_patience / NotesInPatience));
    }
}
