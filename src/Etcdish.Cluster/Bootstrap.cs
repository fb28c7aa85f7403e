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
}
