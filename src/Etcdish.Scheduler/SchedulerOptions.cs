namespace Etcdish.Scheduler;

/// <summary>How a scheduler works. The defaults are Kubernetes' own where it has such a setting.</summary>
public sealed record SchedulerOptions
{
    /// <summary>Pods that name this scheduler are its own.</summary>
    public string SchedulerName { get; init; } = "default-scheduler";

    /// <summary>
    /// Percentage of the nodes that are looked at until enough fit, 1 to 100; 0: fewer the more there are (50 % less a 125th,
    /// at least 5 %).
    /// </summary>
    public int PercentageOfNodesToScore { get; init; }

    /// <summary>The pause behind a first failed attempt.</summary>
    public TimeSpan InitialBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause behind a failed attempt.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After this long a pod that could not be placed is tried again, whatever happened or not.</summary>
    public TimeSpan UnschedulableTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a pod waits for its volumes once its node is chosen.</summary>
    public TimeSpan VolumeBindTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many bindings are written at once.</summary>
    public int ConcurrentBindings { get; init; } = 32;

    /// <summary>With so many placed pods whose bindings are not written yet, no more are placed.</summary>
    public int MaxUnwrittenBindings { get; init; } = 4096;

    /// <summary>Seed of the choice among equally good nodes.</summary>
    public int Seed { get; init; } = Environment.TickCount;
}
