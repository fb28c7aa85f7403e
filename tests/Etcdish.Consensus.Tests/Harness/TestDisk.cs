namespace Etcdish.Consensus.Tests.Harness;

/// <summary>What one write holds.</summary>
internal sealed record TestWrite(
    ulong Number, TestSnapshot? Reset, ulong TruncateFrom, TestEntry[] Entries, HardState HardState, bool QuarantineLifted);

/// <summary>A disk on which writes become durable in order, when told. A crash forgets those that have not.</summary>
internal sealed class TestDisk(LogBase start, bool quarantined)
{
    private readonly Queue<TestWrite> _pending = new();

    internal LogBase Base { get; private set; } = start;

    internal TestEntry[] Snapshot { get; private set; } = [];

    internal List<TestEntry> Entries { get; } = [];

    internal HardState HardState { get; private set; }

    internal bool Quarantined { get; private set; } = quarantined;

    internal int PendingWrites => _pending.Count;

    internal void Write(TestWrite write) => _pending.Enqueue(write);

    internal void Crash()
    {
        _pending.Clear();
        LastDurable = 0;
    }

    /// <summary>The newest durable write since the start.</summary>
    internal ulong LastDurable { get; private set; }

    /// <summary>Makes the oldest write durable.</summary>
    internal ulong Sync()
    {
        var write = _pending.Dequeue();
        if (write.Reset is { } reset)
        {
            Base = reset.Base;
            Snapshot = reset.Applied;
            Entries.Clear();
        }

        if (write.TruncateFrom > 0)
        {
            Cut(write.TruncateFrom);
        }

        foreach (var entry in write.Entries)
        {
            Assert.That(entry.Header.Index, Is.EqualTo(Base.Index + (ulong)Entries.Count + 1), "writes leave no gap");
            Entries.Add(entry);
        }

        Assert.That(write.HardState.Term, Is.GreaterThanOrEqualTo(HardState.Term), "terms never go back");
        Assert.That(
            write.HardState.Term > HardState.Term || HardState.Vote == 0 || write.HardState.Vote == HardState.Vote,
            Is.True,
            "a vote is never taken back");
        HardState = write.HardState;
        Quarantined &= !write.QuarantineLifted;
        LastDurable = write.Number;
        return write.Number;
    }

    /// <summary>Loses what was durable from an index on: a lying or damaged disk.</summary>
    internal void Lose(ulong from, bool noticed)
    {
        Cut(from);
        Quarantined |= noticed;
        HardState = HardState with { Commit = Math.Min(HardState.Commit, from - 1) };
    }

    internal void Compact(LogBase to, TestEntry[] applied)
    {
        Entries.RemoveAll(entry => entry.Header.Index <= to.Index);
        Base = to;
        Snapshot = applied;
    }

    internal bool Holds(ulong index) => index <= Base.Index + (ulong)Entries.Count;

    internal RestoredState Restore()
    {
        var state = new RestoredState(Base) { HardState = HardState, Quarantined = Quarantined, Applied = Base.Index };
        foreach (var entry in Entries)
        {
            state.Add(entry.Header);
        }

        return state;
    }

    private void Cut(ulong from) => Entries.RemoveAll(entry => entry.Header.Index >= from);
}
