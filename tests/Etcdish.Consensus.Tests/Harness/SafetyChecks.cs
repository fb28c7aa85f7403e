namespace Etcdish.Consensus.Tests.Harness;

/// <summary>
/// The promises of Raft (figure 3 of the paper, and the read barrier's), checked over all members from outside whenever something happens.
/// </summary>
internal sealed class SafetyChecks
{
    private readonly Dictionary<ulong, ulong> _leaders = [];
    private readonly Dictionary<(ulong Index, ulong Term), (string Entry, ulong PreviousTerm)> _entries = [];
    private readonly List<TestEntry> _committed = [];
    private readonly Dictionary<ulong, ulong> _readFloors = [];

    /// <summary>Entries that some member applied, from index 1.</summary>
    internal IReadOnlyList<TestEntry> Committed => _committed;

    internal int ReadsConfirmed { get; private set; }

    internal int Elections => _leaders.Count;

    /// <summary>A read begins: whatever is applied anywhere by now must be visible to it.</summary>
    internal void OnReadBegun(ulong token) => _readFloors.Add(token, (ulong)_committed.Count);

    internal void OnEffects(TestNode node, Effects effects)
    {
        if (effects.StatusChanged && node.Raft.Role == Role.Leader)
        {
            OnLeader(node);
        }

        foreach (ref readonly var range in effects.Entries)
        {
            for (var index = range.First; index <= range.Last; index++)
            {
                OnAppended(node, index);
            }
        }

        foreach (ref readonly var read in effects.Reads)
        {
            if (read.Confirmed)
            {
                ReadsConfirmed++;
                Assert.That(read.Index, Is.GreaterThanOrEqualTo(_readFloors[read.Token]), $"read {read.Token} is stale");
            }
        }
    }

    /// <summary>What leaves a member must be on its disk already, if it is a promise.</summary>
    internal void OnSent(TestNode node, Packet packet)
    {
        var message = packet.Message;
        switch (message.Type)
        {
            case MessageType.AppendResponse when !message.Reject && message.Quarantine == 0:
                Assert.That(node.Disk.Holds(message.Index), Is.True, $"{node.Id} acknowledged {message.Index} before it was durable");
                Assert.That(node.Disk.HardState.Term, Is.GreaterThanOrEqualTo(message.Term), $"{node.Id} may forget the term");
                break;
            case MessageType.VoteResponse when !message.Reject:
            case MessageType.Vote:
                Assert.That(node.Disk.HardState.Term, Is.GreaterThanOrEqualTo(message.Term), $"{node.Id} may forget its vote");
                break;
        }
    }

    internal void OnApplied(TestNode node, TestEntry entry)
    {
        var place = (int)entry.Header.Index - 1;
        if (place < _committed.Count)
        {
            var known = _committed[place].ToString();
            Assert.That(entry.ToString(), Is.EqualTo(known), $"{node.Id} applied something else (state machine safety)");
            return;
        }

        Assert.That(place, Is.EqualTo(_committed.Count), "entries are applied in order");
        _committed.Add(entry);
    }

    private void OnLeader(TestNode node)
    {
        var leader = _leaders.GetValueOrDefault(node.Raft.Term, node.Id);
        Assert.That(node.Id, Is.EqualTo(leader), $"two leaders in term {node.Raft.Term} (election safety)");
        _leaders[node.Raft.Term] = node.Id;
        foreach (var entry in _committed)
        {
            var own = EntryAt(node, entry.Header.Index);
            Assert.That(
                own is null ? "gone" : own.ToString(),
                Is.EqualTo(entry.ToString()),
                $"{node.Id} leads term {node.Raft.Term} without a committed entry (leader completeness)");
        }
    }

    private void OnAppended(TestNode node, ulong index)
    {
        if (EntryAt(node, index) is not { } entry)
        {
            return;
        }

        var previous = index == 1 ? 0 : EntryAt(node, index - 1)?.Header.Term ?? 0;
        var key = (index, entry.Header.Term);
        if (_entries.TryGetValue(key, out var known) && previous != 0 && known.PreviousTerm != 0)
        {
            Assert.That((entry.ToString(), previous), Is.EqualTo(known), $"two entries with index and term {key} (log matching)");
        }

        _entries[key] = (entry.ToString(), previous);
    }

    /// <summary>An entry of the log, or, where a snapshot took its place, of what was applied.</summary>
    private static TestEntry? EntryAt(TestNode node, ulong index) =>
        index <= (ulong)node.Applied.Count ? node.Applied[(int)index - 1]
        : node.Log.FirstOrDefault(entry => entry.Header.Index == index);
}
