using System.Text;
using Etcdish.Consensus.Tests.Harness;

namespace Etcdish.Consensus.Tests.Scripting;

/// <summary>Writes down what happens in a cluster, one line an event, the way the scripts show it.</summary>
internal sealed class ScriptTrace : IClusterTrace
{
    private readonly StringBuilder _text = new();

    /// <summary>Nothing is written meanwhile: for the parts of a script that only set the scene.</summary>
    internal bool IsQuiet { get; set; }

    internal void Line(string line)
    {
        if (!IsQuiet)
        {
            _text.Append(line).Append('\n');
        }
    }

    internal string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }

    public void OnSent(Packet packet, bool wasHeld) => Line($"  {Describe(packet)}{(wasHeld ? "   (was held)" : "")}");

    public void OnLost(Packet packet) => Line($"lost {Describe(packet)}");

    public void OnDelivered(Packet packet) => Line($"{packet.Message.To} hears {Describe(packet)}");

    public void OnStepped(Packet packet, StepResult result)
    {
        if (result.Ignored != IgnoredReason.None)
        {
            Line($"  {packet.Message.To} ignores it: {result.Ignored}");
        }
    }

    public void OnDurable(TestNode node) => Line($"  {node.Id} durable: write {node.Disk.LastDurable}");

    public void OnEffects(TestNode node, Effects effects)
    {
        if (effects.StatusChanged)
        {
            var leader = node.Raft.Leader == 0 ? "no leader" : $"leader {node.Raft.Leader}";
            Line($"  {node.Id} is {node.Raft.Role}, term {node.Raft.Term}, {leader}");
        }

        if (effects.Configuration is { } configuration)
        {
            Line($"  {node.Id} now counts by {configuration}");
        }

        if (effects.Write > 0)
        {
            Line($"  {node.Id} write {effects.Write}: {DescribeWrite(node, effects)}");
        }

        foreach (ref readonly var outgoing in effects.Messages)
        {
            if (outgoing.WaitsFor > node.Disk.LastDurable)
            {
                Line($"  {node.Id} holds until write {outgoing.WaitsFor} is durable: {Describe(new Packet(outgoing.Message, [], null))}");
            }
        }

        foreach (var member in effects.SnapshotsWanted)
        {
            Line($"  {node.Id} needs a snapshot for {member}");
        }

        if (effects.CommitAdvanced)
        {
            Line($"  {node.Id} commits {effects.Commit}");
        }

        foreach (ref readonly var read in effects.Reads)
        {
            Line(read.Confirmed ? $"  {node.Id} read {read.Token}: at index {read.Index}" : $"  {node.Id} read {read.Token}: failed");
        }
    }

    internal static string Describe(Packet packet)
    {
        var message = packet.Message;
        var text = new StringBuilder($"{message.From}->{message.To} {message.Type} t{message.Term}");
        switch (message.Type)
        {
            case MessageType.Append:
                text.Append($" after {message.Index}/{message.LogTerm}");
                text.Append(packet.Entries.Length > 0 || message.LastIndex == message.Index
                    ? $" [{string.Join(", ", packet.Entries.Select(entry => entry.ToString()))}]"
                    : $" [..{message.LastIndex}]");
                text.Append($" commit {message.Commit}");
                break;
            case MessageType.AppendResponse when message.Reject && message.Index > 0:
                text.Append($" no at {message.Index}, try {message.HintIndex}/{message.HintTerm}, log ends at {message.LastIndex}");
                break;
            case MessageType.AppendResponse when message.Reject:
                text.Append(" no");
                break;
            case MessageType.AppendResponse:
                text.Append($" has {message.Index}");
                break;
            case MessageType.Heartbeat:
                text.Append($" commit {message.Commit}");
                break;
            case MessageType.PreVote or MessageType.Vote or MessageType.Snapshot:
                text.Append($" log {message.Index}/{message.LogTerm}");
                break;
            case MessageType.PreVoteResponse or MessageType.VoteResponse:
                text.Append(message.Reject ? " no" : " yes");
                break;
        }

        Append(text, message.ReadPosition > 0, $" read {message.ReadPosition}");
        Append(text, message.Transfer, " transfer");
        Append(text, message.Quarantine > 0, " quarantined");
        Append(text, message.QuarantineTarget > 0, $" whole-at {message.QuarantineTarget}");
        return text.ToString();
    }

    private static void Append(StringBuilder text, bool condition, string what)
    {
        if (condition)
        {
            text.Append(what);
        }
    }

    private static string DescribeWrite(TestNode node, Effects effects)
    {
        var parts = new List<string>();
        if (effects.HardStateChanged)
        {
            parts.Add($"term {effects.HardState.Term} vote {effects.HardState.Vote}");
        }

        if (effects.Reset is { } reset)
        {
            parts.Add($"snapshot {reset.Index}/{reset.Term}");
        }

        if (effects.TruncateFrom > 0)
        {
            parts.Add($"cut from {effects.TruncateFrom}");
        }

        if (effects.QuarantineLifted)
        {
            parts.Add("whole again");
        }

        foreach (var range in effects.Entries)
        {
            parts.AddRange(node.Log
                .Where(entry => entry.Header.Index >= range.First && entry.Header.Index <= range.Last)
                .Select(entry => $"[{entry}]"));
        }

        return string.Join(' ', parts);
    }
}
