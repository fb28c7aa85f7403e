using Etcdish.Cluster;
using Etcdish.Cluster.Peers;
using Etcdish.Log;
using Etcdish.Testing;

namespace Etcdish.Simulation;

/// <summary>
/// One computer: a disk that outlives what runs on it, a clock, and at most one node process. Things that happen to the machine (power,
/// kills, pauses, its disk's moods) happen here; what the node does is in <see cref="NodeProcess"/>.
/// </summary>
internal sealed class Machine
{
    private readonly World _world;
    private readonly SeededRandom _random;
    private readonly NodeOptions _options;
    private int _armedSyncFailures;
    private readonly List<Action> _deferred = [];
    private long _stall;
    private long _pausedUntil;
    private readonly double _rate;
    private bool _isMeasuring;

    public Machine(World world, int number, NodeOptions options)
    {
        _world = world;
        Number = number;
        _random = SeededRandom.For(world.Seed, $"machine {number}");
        Disk = new SimulatedDisk { OnOperation = TakeTime };
        world.Sabotage.Prepare(Disk);
        Time = new VirtualTime(() => (long)(Now * _rate), (delay, action) => Process?.Post(Now + InWorldTime(delay), action));
        _rate = 1 + (world.Plan.Machines.ClockDrift * (2 * _random.NextDouble() - 1));
        IsAnnouncedOnly = options.JoinsExistingGroup;
        _options = options with { Clock = Time, Random = world.Sabotage.Numbers(_random) };
    }

    /// <summary>From 1.</summary>
    public int Number { get; }

    public ulong MemberId => _options.MemberId;

    public SimulatedDisk Disk { get; private set; }

    public VirtualTime Time { get; }

    /// <summary>The node, while one runs.</summary>
    public NodeProcess? Process { get; private set; }

    /// <summary>Its disk is damaged, and the node has said so and refuses to go on: as it should.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Its member was announced to the group, and nothing runs on it yet.</summary>
    public bool IsAnnouncedOnly { get; private set; }

    /// <summary>It was removed from the group for good, and its process has ended for that.</summary>
    public bool IsRemoved { get; private set; }

    /// <summary>A byte of its disk was changed.</summary>
    public bool HasRot { get; private set; }

    /// <summary>Time that the disk has taken since the round began; the machine's programs are that far ahead of the world.</summary>
    public long Elapsed { get; private set; }

    /// <summary>The furthest that a node here has come, which no later one may fall behind.</summary>
    public ulong AppliedBefore { get; set; }

    /// <summary>The newest term that a node here has made durable.</summary>
    public ulong TermBefore { get; set; }

    public long Now => _world.Queue.Now + Elapsed;

    /// <summary>A time on the machine's clock, which runs a little too fast or too slow, in that of the world.</summary>
    public long InWorldTime(long time) => Math.Max(1, (long)(time / _rate));

    /// <summary>Runs a round with the disk's time counted.</summary>
    /// <returns>How long the disk took.</returns>
    public long Measure(Action round)
    {
        _isMeasuring = true;
        try
        {
            round();
            return Elapsed;
        }
        finally
        {
            _isMeasuring = false;
            Elapsed = 0;
        }
    }

    /// <summary>The group knows its member: it runs from now on.</summary>
    public void Install()
    {
        IsAnnouncedOnly = false;
        Start();
    }

    public void Start()
    {
        if (Process is not null || IsLost || IsRemoved || IsAnnouncedOnly)
        {
            return;
        }

        Disk.ReleaseLocks();
        try
        {
            NodeOptions options = _options with { Log = _options.Log with { Disk = Disk }, OnNotice = Notice };
            RecoveredState recovered = Recovery.Run(options, CancellationToken.None);
            if (recovered.Replay.IsEmpty)
            {
                Membership known = _world.KnownMembers(MemberId) ?? _world.Founders;
                recovered.Replay.Members.Introduce(new MembersFrame(ulong.MaxValue, known), applied: 0);
            }

            Process = new NodeProcess(_world, this, options, recovered);
            Process.Begin();
        }
        catch (Exception refusal)
        {
            Process = null;
            OnStartFailed(refusal);
        }
    }

    /// <summary>The power goes out: what was not synced is kept, lost or torn.</summary>
    public void LosePower(bool insideRound)
    {
        _world.Note(TraceKind.PowerLost, Number, Disk.Operations, insideRound ? 1 : 0);
        _world.Marks.Add(insideRound ? Mark.PowerLostInsideRound : Mark.PowerLost);
        EndProcess();
        long capacity = Disk.CapacityBytes;
        Disk = _world.Sabotage.RestartDisk(Disk, _random);
        Disk.CapacityBytes = capacity;
        _armedSyncFailures = 0;
        StartLater();
    }

    /// <summary>The power will go out in the middle of something.</summary>
    public void ArmCrash()
    {
        int operations = 1 + _random.Next(12);
        _world.Note(TraceKind.CrashArmed, Number, operations);
        Disk.CrashAt = Disk.Operations + operations;
    }

    /// <summary>The process alone dies: the kernel keeps what it wrote.</summary>
    public void Kill()
    {
        if (Process is null)
        {
            return;
        }

        _world.Note(TraceKind.ProcessKilled, Number);
        _world.Marks.Add(Mark.ProcessKilled);
        EndProcess();
        StartLater();
    }

    /// <summary>It ends, and does not start again.</summary>
    public void SwitchOff()
    {
        IsAnnouncedOnly = true;
        EndProcess();
    }

    /// <summary>It is asked to end: hands leadership over, if it has it, and ends soon after.</summary>
    public void Stop()
    {
        if (Process is not { } process)
        {
            return;
        }

        _world.Marks.Add(Mark.ProcessStopped);
        process.StopLeading();
        _world.Queue.After(_random.Exponential(20 * Span.Millisecond), () =>
        {
            if (Process == process)
            {
                Kill();
            }
        });
    }

    public void Pause(long time)
    {
        _world.Note(TraceKind.Paused, Number, time);
        _world.Marks.Add(Mark.NodePaused);
        _pausedUntil = Math.Max(_pausedUntil, _world.Queue.Now + time);
        _world.Queue.At(_pausedUntil, Resume);
    }

    /// <summary>Keeps something for when the pause is over.</summary>
    /// <returns>False when there is no pause.</returns>
    public bool TryDefer(Action action)
    {
        bool isPaused = _pausedUntil > _world.Queue.Now;
        if (isPaused)
        {
            _deferred.Add(action);
        }

        return isPaused;
    }

    public void StallDisk(long time)
    {
        _world.Note(TraceKind.DiskSlowed, Number, time);
        _stall = time;
    }

    public void FillDisk()
    {
        Disk.CapacityBytes = Disk.UsedBytes + _random.NextInt64(100_000);
        _world.Note(TraceKind.DiskFilled, Number, Disk.CapacityBytes);
    }

    public void FreeDisk()
    {
        if (Disk.CapacityBytes != long.MaxValue)
        {
            Disk.CapacityBytes = long.MaxValue;
            _world.Note(TraceKind.DiskFreed, Number);
        }
    }

    public void ArmSyncFailure()
    {
        int syncs = 1 + _random.Next(5);
        _world.Note(TraceKind.SyncWillFail, Number, syncs);
        Disk.FailSyncAt = Disk.Syncs + syncs;
        _armedSyncFailures++;
    }

    /// <summary>
    /// One bit of what lies on the disk changes. The newest batch is spared: that alone cannot be told from a torn write when the mark is
    /// lost as well (Etcdish.Log's README).
    /// </summary>
    public void Rot()
    {
        if (RotTarget() is not var (path, bytes) || bytes == 0)
        {
            return;
        }

        byte[] content = Disk.ContentOf(path);
        int offset = _random.Next((int)Math.Min(bytes, content.Length));
        Disk.Damage(path, offset, (byte)(content[offset] ^ (1 << _random.Next(8))));
        HasRot = true;
        _world.Note(TraceKind.DiskRotted, Number, offset, 0, path);
    }

    /// <summary>No more faults: what is armed is disarmed.</summary>
    public void Heal()
    {
        Disk.CrashAt = 0;
        Disk.FailSyncAt = 0;
        _stall = 0;
        FreeDisk();
        _pausedUntil = 0;
        Resume();
    }

    /// <summary>The node cannot go on. With a cause that the world knows of, that is right; without one, it is a finding.</summary>
    public void OnProcessFailed(Exception reason)
    {
        if (Disk.IsDown)
        {
            LosePower(insideRound: true);
            return;
        }

        _world.Note(TraceKind.NodeFailed, Number, 0, 0, reason);
        bool isRefilled = HasRot && Process!.TryNoteDamage(reason);
        if (Disk.IsDown)
        {
            LosePower(insideRound: true);
            return;
        }

        EndProcess();
        if (isRefilled)
        {
            _world.Marks.Add(Mark.DamageFoundByReader);
            StartLater();
            return;
        }

        Judge(reason);
    }

    private void Resume()
    {
        if (_pausedUntil <= _world.Queue.Now)
        {
            _deferred.ForEach(action => _world.Queue.After(0, action));
            _deferred.Clear();
        }
    }

    private void EndProcess()
    {
        NodeProcess? ended = Process;
        Process = null;
        ended?.End();
        if (ended is not null)
        {
            _world.OnProcessEnded(this);
        }
    }

    private void StartLater() => _world.Queue.After(_random.Exponential(_world.Plan.Machines.DownTime), Start);

    private void OnStartFailed(Exception refusal)
    {
        if (Disk.IsDown)
        {
            _world.Marks.Add(Mark.PowerLostInRecovery);
            LosePower(insideRound: true);
            return;
        }

        _world.Note(TraceKind.StartRefused, Number, 0, 0, refusal);
        Judge(refusal);
    }

    private void Judge(Exception reason)
    {
        if (reason is MemberRemovedException)
        {
            IsRemoved = true;
            _world.OnMemberLost();
            _world.Marks.Add(Mark.MemberRemoved);
            if (!_world.Ledger.Group.IsRemoved(MemberId))
            {
                _world.Break("a member that was not removed believes that it was", $"n{Number}");
            }

            return;
        }

        bool isDamage = reason is LogDamagedException or Etcdish.Store.DamagedValueException or InvalidDataException or LogIdentityException
            || reason.InnerException is Etcdish.Store.DamagedValueException or LogDamagedException;
        if (HasRot && isDamage)
        {
            IsLost = true;
            _world.OnMemberLost();
            _world.Marks.Add(reason is LogDamagedException ? Mark.StartRefusedForDamage : Mark.DamageFoundByReader);
        }
        else if (reason is DiskFullException || (_armedSyncFailures > 0 && reason is IOException))
        {
            _world.Marks.Add(reason is DiskFullException ? Mark.DiskFull : Mark.SyncFailed);
            StartLater();
        }
        else
        {
            _world.Break("a node failed without a cause", reason.ToString());
        }
    }

    // What is done beside the rounds, on other threads in production, holds nobody up here.
    private void TakeTime(DiskOperation operation, long bytes)
    {
        if (!_isMeasuring)
        {
            return;
        }

        long mean = operation is DiskOperation.Sync or DiskOperation.SyncDirectory
            ? _world.Plan.Disk.SyncTime
            : Span.Microsecond + bytes / 4;
        Elapsed += _random.Exponential(mean) + _stall;
        _stall = 0;
    }

    private (string Path, long Bytes)? RotTarget()
    {
        List<string> files = [.. Disk.Files.Where(file => !file.EndsWith(".new", StringComparison.Ordinal))];
        if (Process is null || files.Count == 0)
        {
            return null;
        }

        string path = _random.Pick(files);
        string settled = Path.Combine(_options.DataDirectory, $"{Process.SettledEnd.Segment:D16}.seg");
        bool isLater = path.EndsWith(".seg", StringComparison.Ordinal) && string.CompareOrdinal(path, settled) > 0;
        return isLater ? null : (path, path == settled ? Process.SettledEnd.Offset : int.MaxValue);
    }

    private void Notice(NodeNotice notice)
    {
        if (notice.Message.StartsWith("passed over", StringComparison.Ordinal))
        {
            _world.Marks.Add(Mark.OlderCheckpointUsed);
        }
    }
}
