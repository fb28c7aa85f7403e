using Etcdish.Consensus.Tests.Harness;

namespace Etcdish.Consensus.Tests.Scripting;

/// <summary>What a script can ask to see of a member.</summary>
internal static class ScriptViews
{
    internal static string Log(TestNode node)
    {
        var start = node.Disk.Base.Index > 0 ? $"(snapshot {node.Disk.Base.Index}/{node.Disk.Base.Term}) " : "";
        return $"  {start}{string.Join(' ', node.Log.Select(entry => $"[{entry}]"))}";
    }

    internal static IEnumerable<string> Status(TestNode node)
    {
        if (!node.IsRunning)
        {
            yield return $"{node.Id} is down";
            yield break;
        }

        var raft = node.Raft;
        yield return $"{node.Id} {raft.Role} term {raft.Term} leader {raft.Leader} last {raft.LastIndex} durable {raft.DurableIndex}"
            + $" commit {raft.Commit}{(raft.IsQuarantined ? " quarantined" : "")}";
        foreach (var follower in raft.Followers())
        {
            yield return $"  {follower.Member} {follower.State} match {follower.Match} next {follower.Next}"
                + $" in flight {follower.InflightBytes} B"
                + $"{(follower.IsHeard ? "" : " silent")}{(follower.IsQuarantined ? " quarantined" : "")}";
        }
    }

    internal static IEnumerable<string> Ignored(TestNode node) =>
        from reason in Enum.GetValues<IgnoredReason>()
        where node.Raft.IgnoredMessages(reason) > 0
        select $"  {reason}: {node.Raft.IgnoredMessages(reason)}";
}
