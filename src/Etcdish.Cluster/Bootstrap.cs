using Etcdish.Cluster.Peers;
using Etcdish.Consensus;
using Etcdish.Log;

namespace Etcdish.Cluster;

/// <summary>
/// The first entry of a new group. Every initial member writes the same one by itself, so all of them regard it as committed: it is what
/// they have in common before they have met.
/// </summary>
internal static class Bootstrap
{
    private const ulong Index = 1;
    private const ulong Term = 1;

    /// <summary>Writes the first entry of a new directory, durably.</summary>
    /// <param name="log">The log, empty and replayed.</param>
    /// <param name="options">Of the node: its initial members.</param>
    /// <param name="hardState">The hard state that the log says from now on.</param>
    /// <returns>The entry.</returns>
    public static LogRecord Write(SegmentedLog log, NodeOptions options, out HardState hardState)
    {
        MemberInfo[] members = [.. options.EffectiveInitialMembers.OrderBy(member => member.Id).Select(member => member.ToInfo())];
        byte[] payload = MembershipCodec.Encode(
            new Membership(Configuration.Of(members.Select(member => member.Id)), [.. members]));
        hardState = new HardState(Term, 0, 0);
        byte[] state = new byte[HardStateRecord.Bytes];
        HardStateRecord.Encode(hardState, state);
        log.Append(LocalRecordKind.HardState, 0, Term, state);
        LogPosition at = log.Append(EntryKinds.Configuration, Index, Term, payload);
        log.Commit();
        return new LogRecord(EntryKinds.Configuration, Index, Term, at, payload);
    }

    /// <summary>
    /// Makes this member the only one of its group, durably: an entry after all that its log holds, in a term of its own. What the log
    /// holds beyond what is known to be committed counts: others may have acknowledged it, and nobody is left who could contradict.
    /// </summary>
    /// <param name="log">The log, replayed.</param>
    /// <param name="replay">What it held; takes the entry.</param>
    /// <param name="options">Of the node.</param>
    public static void GoOnAlone(SegmentedLog log, LogReplay replay, NodeOptions options)
    {
        Membership before = replay.InForce;
        ulong self = options.MemberId;
        if (before.Configuration is { IsJoint: false, Learners: [], Voters: [var only] } && only == self)
        {
            return;
        }

        ulong[] gone = [.. before.Configuration.Members().Where(member => member != self)];
        IEnumerable<ulong> removed = before.Configuration.Removed.Where(member => member != self).Union(gone);
        MemberInfo own = before.Members.FirstOrDefault(member => member.Id == self)
            ?? new MemberInfo(self, options.Name, [.. options.PeerUrls], []);
        byte[] payload = MembershipCodec.Encode(new Membership(new Configuration([self], [], [], [], removed), [own]));
        HardState hardState = new(replay.Logged.Term + 1, 0, replay.Logged.Commit);
        byte[] state = new byte[HardStateRecord.Bytes];
        HardStateRecord.Encode(hardState, state);
        log.Append(LocalRecordKind.HardState, 0, hardState.Term, state);
        ulong index = replay.Tail.Last + 1;
        LogPosition at = log.Append(EntryKinds.Configuration, index, hardState.Term, payload);
        log.Commit();
        replay.TakeForced(new LogRecord(EntryKinds.Configuration, index, hardState.Term, at, payload), hardState);
        options.OnNotice?.Invoke(new NodeNotice(
            true, $"this member goes on alone, as was asked; removed: {string.Join(' ', gone.Select(member => member.ToString("x", null)))}"));
    }
}
