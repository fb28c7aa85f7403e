namespace Etcdish.Cluster.Peers;

/// <summary>A connection that a member made to this one, from its introduction to its end.</summary>
/// <param name="connection">The connection.</param>
/// <param name="hello">How the dialler introduced itself.</param>
/// <param name="members">Who is known.</param>
internal sealed class InboundSession(PeerConnection connection, PeerHello hello, PeerDirectory members)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isHungUp;

    /// <summary>The connection.</summary>
    public PeerConnection Connection { get; } = connection;

    /// <summary>Who dialled, and what for.</summary>
    public PeerHello Hello { get; } = hello;

    /// <summary>Where to count what comes.</summary>
    public PeerCounters Counters => members.CountersOf(Hello.From);

    /// <summary>It was closed from here, for a reason that is known.</summary>
    public bool IsHungUp => Volatile.Read(ref _isHungUp);

    /// <summary>Completes when nothing of this connection will reach the inbox any more.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Closes it from here.</summary>
    public void HangUp()
    {
        Volatile.Write(ref _isHungUp, true);
        Connection.Abort();
    }

    /// <summary>Completes <see cref="Ended"/>.</summary>
    public void End() => _ended.SetResult();
}
