using Etcdish.Cluster;
using Etcdish.Consensus;

namespace Etcdish.Simulation;

/// <summary>
/// All that any member's log ever held durably, committed or not. Entries of the same index and term are the same and follow the same entry
/// (log matching, by induction); what is committed is durable with a majority; after the same entry all members have the same state.
/// </summary>
internal sealed class LogRules(World world)
{
    private readonly Dictionary<(ulong Index, ulong Term), Held> _held = [];
    private readonly Dictionary<ulong, uint> _states = [];

    /// <summary>A member's log holds an entry durably.</summary>
    /// <param name="machine">The member's.</param>
    /// <param name="index">Of the entry.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="previousTerm">Term of the entry before it; 0 when that is not known any more.</param>
    public void Holds(Machine machine, ulong index, in EntryPlace entry, ulong previousTerm)
    {
        if (!_held.TryGetValue((index, entry.Term), out Held? held))
        {
            _held[(index, entry.Term)] = held = new Held(entry.Kind, entry.Checksum, entry.Length);
        }

        held.Members |= 1 << machine.Number;
        if ((held.Kind, held.Checksum, held.Length) != (entry.Kind, entry.Checksum, entry.Length))
        {
            world.Break("two logs do not match", $"n{machine.Number} holds another entry at {index} of term {entry.Term} than others");
        }

        if (previousTerm != 0 && held.PreviousTerm is not 0 and var known && known != previousTerm)
        {
            world.Break(
                "two logs do not match",
                $"n{machine.Number} has an entry of term {previousTerm} before {index} of term {entry.Term}, where others have term {known}");
        }

        held.PreviousTerm = Math.Max(held.PreviousTerm, previousTerm);
    }

    /// <summary>Somebody was the first to apply an entry: a majority holds it. Not asked while voters come and go.</summary>
    public void CheckCommitted(ulong index, ulong term, Configuration group)
    {
        // A leader that is short of space forgets in one round what it has applied in it: that entry was never looked at.
        if (world.Plan.Operator.ChangeEvery != 0 || !_held.TryGetValue((index, term), out Held? held))
        {
            return;
        }

        int voters = group.Voters.Count(voter => (held.Members >> (int)voter & 1) == 1);
        if (voters * 2 <= group.Voters.Length)
        {
            world.Break("an entry was applied that no majority holds", $"entry {index} of term {term} is durable with {voters} of {group}");
        }
    }

    /// <summary>A member's state after an entry.</summary>
    public void HasState(Machine machine, ulong index, uint hash)
    {
        if (!_states.TryAdd(index, hash) && _states[index] != hash)
        {
            world.Break("two states after the same entry", $"n{machine.Number} has hash {hash:x8} after entry {index}, not {_states[index]:x8}");
        }
    }

    private sealed record Held(byte Kind, uint Checksum, int Length)
    {
        public ulong PreviousTerm { get; set; }

        public int Members { get; set; }
    }
}
