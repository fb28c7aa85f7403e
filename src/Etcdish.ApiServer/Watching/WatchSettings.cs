namespace Etcdish.ApiServer.Watching;

/// <summary>How watches are kept. One server has one.</summary>
internal sealed record WatchSettings
{
    /// <summary>The clock of all these times.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Most events that wait for one watcher; when there are more it is closed.</summary>
    public int MaxWaitingEvents { get; init; } = 4096;

    /// <summary>
    /// How long a resource's changes are gathered after some were told, for each of its watchers: some times what telling a watcher costs.
    /// The first change after a quiet time is told at once; in a storm each watcher gets many changes in one write.
    /// </summary>
    public TimeSpan PauseForWatcher { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>Longest such pause: what a change in a storm comes later.</summary>
    public TimeSpan MaxPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Least such pause where changes are signs of life: every node sends one each ten seconds, and nobody waits for them. What it costs to
    /// wake a watcher's program for each would be most of what a large idle cluster costs.
    /// </summary>
    public TimeSpan HeartbeatPause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Time between two bookmarks of a quiet resource.</summary>
    public TimeSpan BookmarkInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Time between two questions how far a watcher has come that catches up.</summary>
    public TimeSpan CatchUpInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Most events of a resource that are kept for late watchers.</summary>
    public int MaxRecentEvents { get; init; } = 4096;

    /// <summary>Most bytes of such events.</summary>
    public long MaxRecentBytes { get; init; } = 16 << 20;

    /// <summary>
    /// Least time that a watch without a timeout of its own lasts; it is up to twice that, at random, so that not all end together.
    /// </summary>
    public TimeSpan MinTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long before its end a watch sends a last bookmark.</summary>
    public TimeSpan LastBookmarkAhead { get; init; } = TimeSpan.FromSeconds(2);
}
