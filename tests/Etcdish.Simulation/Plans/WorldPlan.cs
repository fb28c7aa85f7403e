namespace Etcdish.Simulation;

/// <summary>
/// What a seed draws before its world begins: sizes, rates and which faults exist at all. A fault that is absent from a world lets others
/// show what it would have hidden, so each is left out about as often as not (swarm testing, Groce et al. 2012).
/// Times are nanoseconds; a mean of 0 means never.
/// </summary>
internal sealed record WorldPlan
{
    /// <summary>Members of the group, 1 to 7.</summary>
    public required int Members { get; init; }

    /// <summary>How long faults last.</summary>
    public required long Duration { get; init; }

    /// <summary>How long faults go on at most after the clients have asked all that they have to ask.</summary>
    public required long QuietTime { get; init; }

    public required long Heartbeat { get; init; }

    public required OperatorPlan Operator { get; init; }

    public required int ElectionTicks { get; init; }

    public required ClientPlan Clients { get; init; }

    public required DiskPlan Disk { get; init; }

    public required MachinePlan Machines { get; init; }

    public required NetworkPlan Network { get; init; }

    /// <summary>Log bytes that make a checkpoint due.</summary>
    public required long CheckpointBytes { get; init; }

    /// <summary>Mean time between two looks of maintenance.</summary>
    public required long MaintenanceEvery { get; init; }

    public long ElectionTimeout => Heartbeat * ElectionTicks;

    public static WorldPlan Draw(ulong seed, int? members = null)
    {
        SeededRandom random = SeededRandom.For(seed, "plan");
        int drawn = random.Pick([1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 5, 5, 6, 7]);
        return new WorldPlan
        {
            Members = members ?? drawn,
            Duration = random.NextInt64(1 * Span.Second, 8 * Span.Second),
            QuietTime = random.Chance(0.1) ? 10 * Span.Second : random.Exponential(300 * Span.Millisecond),
            Heartbeat = random.Pick([10L, 50, 100]) * Span.Millisecond,
            ElectionTicks = random.Pick([5, 10]),
            Clients = ClientPlan.Draw(random),
            Disk = DiskPlan.Draw(random),
            Machines = MachinePlan.Draw(random),
            Network = NetworkPlan.Draw(random),
            CheckpointBytes = random.Pick([4L << 10, 16L << 10, 64L << 10, 256L << 10]),
            MaintenanceEvery = random.NextInt64(20 * Span.Millisecond, 500 * Span.Millisecond),
            Operator = OperatorPlan.Draw(random),
        };
    }
}

/// <summary>Who asks for what, and how often.</summary>
internal sealed record ClientPlan
{
    public required int Clients { get; init; }

    /// <summary>Most operations in all.</summary>
    public required int Operations { get; init; }

    public required long ThinkTime { get; init; }

    public required long Timeout { get; init; }

    public required int Keys { get; init; }

    /// <summary>Greatest padding of a value: large ones make the log roll.</summary>
    public required int ValueBytes { get; init; }

    public required double TxnShare { get; init; }

    public required double DeleteShare { get; init; }

    public required double RangeShare { get; init; }

    public required double CompactShare { get; init; }

    public required double LeaseShare { get; init; }

    public required int Watchers { get; init; }

    /// <summary>Mean time that a watcher takes for a response; 0 is at once.</summary>
    public required long WatcherPause { get; init; }

    /// <summary>Bytes that may wait for a watcher.</summary>
    public required long WatchBufferBytes { get; init; }

    public static ClientPlan Draw(SeededRandom random) => new()
    {
        Clients = random.Next(1, 7),
        Operations = random.Pick([40, 80, 120, 250]),
        ThinkTime = random.Pick([1L, 10, 30, 100]) * Span.Millisecond,
        Timeout = random.NextInt64(300 * Span.Millisecond, 3 * Span.Second),
        Keys = random.Pick([1, 3, 8, 20]),
        ValueBytes = random.Pick([0, 0, 100, 3000, 12_000]),
        TxnShare = random.Chance(0.7) ? 0.15 : 0,
        DeleteShare = random.Chance(0.8) ? 0.12 : 0,
        RangeShare = random.Pick([0.1, 0.3]),
        CompactShare = random.Chance(0.6) ? 0.05 : 0,
        LeaseShare = random.Chance(0.5) ? 0.15 : 0,
        Watchers = random.Next(0, 4),
        WatcherPause = random.Chance(0.5) ? 0 : random.NextInt64(1 * Span.Millisecond, 300 * Span.Millisecond),
        WatchBufferBytes = random.Pick([1L, 200, 10_000, 1 << 20]),
    };
}

/// <summary>What disks do.</summary>
internal sealed record DiskPlan
{
    /// <summary>Mean time of a sync.</summary>
    public required long SyncTime { get; init; }

    public required long StallEvery { get; init; }

    public required long StallTime { get; init; }

    public required long FullEvery { get; init; }

    public required long SyncFailureEvery { get; init; }

    public required long RotEvery { get; init; }

    public static DiskPlan Draw(SeededRandom random) => new()
    {
        SyncTime = random.Pick([20L, 200, 1000, 8000]) * Span.Microsecond,
        StallEvery = random.Chance(0.3) ? random.NextInt64(200 * Span.Millisecond, 3 * Span.Second) : 0,
        StallTime = random.NextInt64(10 * Span.Millisecond, 2 * Span.Second),
        FullEvery = random.Chance(0.2) ? random.NextInt64(500 * Span.Millisecond, 4 * Span.Second) : 0,
        SyncFailureEvery = random.Chance(0.2) ? random.NextInt64(500 * Span.Millisecond, 4 * Span.Second) : 0,
        RotEvery = random.Chance(0.15) ? random.NextInt64(500 * Span.Millisecond, 4 * Span.Second) : 0,
    };
}

/// <summary>What happens to machines; means are per machine.</summary>
internal sealed record MachinePlan
{
    public required long PowerLossEvery { get; init; }

    /// <summary>Share of power losses that strike in the middle of what the disk does.</summary>
    public required double AtOperationShare { get; init; }

    public required long KillEvery { get; init; }

    public required long PauseEvery { get; init; }

    public required long PauseTime { get; init; }

    /// <summary>Mean time until a process is asked to end.</summary>
    public required long StopEvery { get; init; }

    /// <summary>Mean time until a leader gives up the entries that it keeps for others.</summary>
    public required long ForgetEvery { get; init; }

    /// <summary>By how much, at most, clocks run too fast or too slow.</summary>
    public required double ClockDrift { get; init; }

    /// <summary>Mean time until a machine that went down starts again.</summary>
    public required long DownTime { get; init; }

    /// <summary>What clocks drift at most: a lease may end that much too early.</summary>
    public const double MostDrift = 0.1;

    public static MachinePlan Draw(SeededRandom random) => new()
    {
        PowerLossEvery = random.Chance(0.6) ? random.NextInt64(200 * Span.Millisecond, 5 * Span.Second) : 0,
        AtOperationShare = random.Pick([0.0, 0.5, 0.9]),
        KillEvery = random.Chance(0.3) ? random.NextInt64(300 * Span.Millisecond, 5 * Span.Second) : 0,
        PauseEvery = random.Chance(0.3) ? random.NextInt64(300 * Span.Millisecond, 5 * Span.Second) : 0,
        PauseTime = random.NextInt64(20 * Span.Millisecond, 3 * Span.Second),
        StopEvery = random.Chance(0.2) ? random.NextInt64(300 * Span.Millisecond, 5 * Span.Second) : 0,
        ForgetEvery = random.Chance(0.35) ? random.NextInt64(50 * Span.Millisecond, 2 * Span.Second) : 0,
        ClockDrift = random.Pick([0, 0, 0.01, MostDrift]),
        DownTime = random.NextInt64(1 * Span.Millisecond, 800 * Span.Millisecond),
    };
}

/// <summary>What the network does; clients are reached over the same kind of links.</summary>
internal sealed record NetworkPlan
{
    public required long MinDelay { get; init; }

    public required long MeanDelay { get; init; }

    /// <summary>Share of frames that never arrive.</summary>
    public required double Loss { get; init; }

    /// <summary>The ends of a connection are not told of a loss.</summary>
    public required bool LosesSilently { get; init; }

    /// <summary>Share of frames that arrive twice.</summary>
    public required double Duplication { get; init; }

    /// <summary>Frames may overtake each other.</summary>
    public required bool Reorders { get; init; }

    /// <summary>Share of frames that come very late, where frames may overtake each other.</summary>
    public required double Stragglers { get; init; }

    public required long StraggleTime { get; init; }

    /// <summary>How long an answer to a question is waited for.</summary>
    public required long AnswerPatience { get; init; }

    /// <summary>Mean time between two cuts of links.</summary>
    public required long CutEvery { get; init; }

    public required long CutTime { get; init; }

    /// <summary>Share of cuts that work in one direction only.</summary>
    public required double OneWayShare { get; init; }

    public static NetworkPlan Draw(SeededRandom random) => new()
    {
        MinDelay = random.NextInt64(10 * Span.Microsecond, 2 * Span.Millisecond),
        MeanDelay = random.Pick([50L, 500, 5000]) * Span.Microsecond,
        Loss = random.Chance(0.4) ? random.NextDouble() * 0.2 : 0,
        LosesSilently = random.Chance(0.5),
        Duplication = random.Chance(0.3) ? random.NextDouble() * 0.2 : 0,
        Reorders = random.Chance(0.3),
        Stragglers = random.Chance(0.5) ? random.NextDouble() * 0.1 : 0,
        StraggleTime = random.NextInt64(20 * Span.Millisecond, 1 * Span.Second),
        AnswerPatience = random.NextInt64(100 * Span.Millisecond, 1 * Span.Second),
        CutEvery = random.Chance(0.5) ? random.NextInt64(200 * Span.Millisecond, 4 * Span.Second) : 0,
        CutTime = random.NextInt64(50 * Span.Millisecond, 3 * Span.Second),
        OneWayShare = random.Pick([0.0, 0.5, 1.0]),
    };
}

/// <summary>What somebody does to the group on purpose.</summary>
internal sealed record OperatorPlan
{
    /// <summary>Mean time between two changes of the membership.</summary>
    public required long ChangeEvery { get; init; }

    /// <summary>Most machines that ever are in the world.</summary>
    public required int MostMachines { get; init; }

    /// <summary>Share of changes that are refused when they could cost the quorum.</summary>
    public required double StrictShare { get; init; }

    /// <summary>Mean time between two moves of the leadership.</summary>
    public required long MoveLeaderEvery { get; init; }

    public static OperatorPlan Draw(SeededRandom random) => new()
    {
        ChangeEvery = random.Chance(0.35) ? random.NextInt64(100 * Span.Millisecond, 1500 * Span.Millisecond) : 0,
        MostMachines = random.Next(2, 11),
        StrictShare = random.Pick([0.0, 0.7, 1.0]),
        MoveLeaderEvery = random.Chance(0.25) ? random.NextInt64(100 * Span.Millisecond, 2 * Span.Second) : 0,
    };
}
