using Etcdish.Cluster;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>What <see cref="Maintenance"/> does on its worker, in the world's time: the same jobs in the same order, one at a time.</summary>
internal sealed class MaintenanceWork
{
    private readonly World _world;
    private readonly Machine _machine;
    private readonly NodeProcess _process;
    private readonly Checkpointer _checkpointer;
    private readonly SegmentCollector _collector;
    private readonly SeededRandom _random;

    public MaintenanceWork(World world, Machine machine, NodeProcess process, RecoveredState recovered, NodeOptions options)
    {
        _world = world;
        _machine = machine;
        _process = process;
        _random = SeededRandom.For(world.Seed, $"maintenance {machine.Number} {world.Queue.Now}");
        _checkpointer = new Checkpointer(
            recovered.Log, process.Store, process.Replica, process, recovered.Checkpoints, options, process.Metrics);
        _checkpointer.Recovered(recovered.ReplayFrom, recovered.CheckpointBytes);
        _collector = new SegmentCollector(recovered.Log, process.Store, process.Values, process, options, process.Metrics);
    }

    public void ScheduleNext() =>
        _process.Post(_machine.Now + _random.Exponential(_world.Plan.MaintenanceEvery), () => _ = LookAsync());

    private async Task LookAsync()
    {
        try
        {
            await RunJobsAsync().ConfigureAwait(false);
            ScheduleNext();
        }
        catch (Exception refusal) when (refusal is DiskFullException or EtcdException)
        {
            _checkpointer.Postpone();
            ScheduleNext();
        }
#pragma warning disable CA1031 // Handed to the process, which ends.
        catch (Exception failure)
        {
            _process.Fail(failure);
        }
#pragma warning restore CA1031
    }

    private async Task RunJobsAsync()
    {
        Compact();
        if (_checkpointer.IsPostponed)
        {
            return;
        }

        long collected = _process.Metrics.CollectedBytes;
        long checkpoints = _process.Metrics.Checkpoints;
        int segments = _process.Log.Segments.Count;
        bool copied = await _collector.RunAsync(_checkpointer.ReplayFrom.Segment, CancellationToken.None).ConfigureAwait(false);
        bool isDueInQuiet = _checkpointer.IsDueInQuiet();
        if (copied || isDueInQuiet || _checkpointer.IsDue || _checkpointer.HasSpaceToGiveBack)
        {
            await _checkpointer.RunAsync().ConfigureAwait(false);
        }

        Note(collected, checkpoints, segments);
    }

    private void Compact()
    {
        long before = _process.Store.PhysicallyCompactedRevision;
        for (int steps = _random.Next(1, 6); steps > 0 && _process.Store.CompactStep(_random.Next(1, 40)); steps--)
        {
        }

        if (_process.Store.PhysicallyCompactedRevision is var after && after != before)
        {
            _world.Note(TraceKind.Compacted, _machine.Number, after);
        }
    }

    private void Note(long collected, long checkpoints, int segments)
    {
        _world.Marks.Add(Mark.ValuesRelocated, _process.Metrics.CollectedBytes > collected ? 1 : 0);
        if (_process.Metrics.Checkpoints > checkpoints)
        {
            _world.Marks.Add(Mark.CheckpointWritten);
            _world.Note(TraceKind.CheckpointWritten, _machine.Number, (long)_process.Store.AppliedIndex);
        }

        if (_process.Log.Segments.Count is var left && left < segments)
        {
            _world.Marks.Add(Mark.SegmentDeleted);
            _world.Note(TraceKind.SegmentsDeleted, _machine.Number, left);
        }
    }
}
