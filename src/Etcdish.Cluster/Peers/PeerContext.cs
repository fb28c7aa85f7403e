namespace Etcdish.Cluster.Peers;

/// <summary>What all parts of one member's peer network share.</summary>
/// <param name="options">The settings.</param>
/// <param name="inbox">Where what the others say goes.</param>
internal sealed class PeerContext(PeerNetworkOptions options, IPeerInbox inbox)
{
    private const int MaxRecentNotices = 128;

    private readonly HashSet<string> _recentNotices = new(StringComparer.Ordinal);
    private long _recentSince = options.Clock.GetTimestamp();

    /// <summary>The settings.</summary>
    public PeerNetworkOptions Options { get; } = options;

    /// <summary>Where what the others say goes.</summary>
    public IPeerInbox Inbox { get; } = inbox;

    /// <summary>A number from 0 to 1 for jitter. From any thread.</summary>
    public double NextJitter()
    {
        lock (Options.Random)
        {
            return Options.Random.NextDouble();
        }
    }

    /// <summary>
    /// Tells an operator something, unless it was told within a minute: what a broken or hostile peer provokes again and again is one line.
    /// </summary>
    public void Tell(in PeerNotice notice)
    {
        if (Options.OnNotice is { } tell && IsNew(notice.Message))
        {
            tell(notice);
        }
    }

    private bool IsNew(string message)
    {
        lock (_recentNotices)
        {
            if (Options.Clock.GetElapsedTime(_recentSince) > TimeSpan.FromMinutes(1))
            {
                _recentNotices.Clear();
                _recentSince = Options.Clock.GetTimestamp();
            }

            return _recentNotices.Count < MaxRecentNotices && _recentNotices.Add(message);
        }
    }
}
