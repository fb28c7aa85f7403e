using System.Text;
using Etcdish.Consensus.Tests.Harness;

namespace Etcdish.Consensus.Tests.Scripting;

/// <summary>
/// Plays a script: command lines start with <c>&gt;</c>, what happens because of them follows, and lines starting with <c>#</c> or blank
/// lines before a command are the author's.
/// </summary>
internal sealed class ScriptRunner
{
    private readonly ScriptTrace _trace = new();
    private readonly TestCluster _cluster;
    private readonly List<Packet> _kept = [];
    private ScriptCommand _clusterOptions = new("cluster");

    internal ScriptRunner()
    {
        _cluster = new TestCluster(_trace);
    }

    /// <summary>The script with the output that its commands have now.</summary>
    internal string Play(string script)
    {
        var output = new StringBuilder();
        var last = '#';
        foreach (var line in script.Split('\n').Where(line => line.StartsWith('#') || line.StartsWith("> ", StringComparison.Ordinal)))
        {
            // A blank line ends a command's output, and goes before a remark.
            output.Append(last == ' ' || (line[0] == '#' && last == '>') ? "\n" : "").Append(line).Append('\n');
            last = line[0];
            if (last == '>')
            {
                Run(new ScriptCommand(line[2..]));
                var text = _trace.Take();
                output.Append(text);
                last = text.Length > 0 ? ' ' : last;
            }
        }

        return output.ToString();
    }

    private void Run(ScriptCommand command)
    {
        if (!Network(command) && !Member(command) && !Leader(command) && !Show(command))
        {
            throw new ArgumentException($"unknown command: {command.Line}");
        }
    }

    private bool Network(ScriptCommand command)
    {
        switch (command.Verb)
        {
            case "cluster":
                CreateCluster(command);
                return true;
            case "join":
                Create(command.Number(1), Configuration.Empty);
                return true;
            case "deliver":
                foreach (var packet in Selected(command))
                {
                    _cluster.Deliver(packet);
                }

                return true;
            case "keep":
                _kept.AddRange(Selected(command));
                return true;
            case "deliver-kept":
                _kept.ForEach(_cluster.Hand);
                return true;
            case "again":
                foreach (var packet in Selected(command))
                {
                    _cluster.Hand(packet);
                }

                return true;
            case "drop":
                foreach (var packet in Selected(command))
                {
                    _cluster.Network.Remove(packet);
                    _trace.OnLost(packet);
                }

                return true;
            case "stabilize":
                Stabilize();
                return true;
            case "partition":
                Partition(command.Words.Skip(1));
                return true;
            case "heal":
                _cluster.Sides.Clear();
                return true;
            case "inject":
                _cluster.Hand(new Packet(Injected(command), [], null));
                return true;
            default:
                return false;
        }
    }

    private bool Member(ScriptCommand command)
    {
        if (Node(command) is not { } node)
        {
            return false;
        }

        switch (command.Verb)
        {
            case "campaign":
                node.Raft.Campaign();
                break;
            case "tick":
                for (var i = 0UL; i < command.NumberOr(2, 1); i++)
                {
                    node.Raft.Tick();
                    node.Finish();
                }

                return true;
            case "elect":
                Elect(node, isHeard: !command.Has("unheard"));
                return true;
            case "disk":
                node.DiskIsPrompt = command.Words[2] == "prompt";
                break;
            case "durable":
                for (var i = 0UL; i < command.NumberOr(2, 1); i++)
                {
                    node.Sync();
                }

                node.Finish();
                return true;
            case "crash":
                node.Crash();
                return true;
            case "restart":
                node.Start();
                return true;
            case "lose":
                node.Disk.Lose(command.Option("from", 1), noticed: command.Has("noticed"));
                return true;
            case "receive-snapshot":
                node.ReceiveSnapshot();
                break;
            case "compact":
                node.Compact(command.Option("through", node.Raft.Applied));
                break;
            default:
                return false;
        }

        node.Finish();
        return true;
    }

    private bool Leader(ScriptCommand command)
    {
        if (Node(command) is not { } node)
        {
            return false;
        }

        switch (command.Verb)
        {
            case "propose":
                Answer(node.Propose([.. command.Words.Skip(2)], (long)command.Option("bytes", 1)));
                break;
            case "change":
                Answer(node.Raft.ProposeConfiguration(Changes(command)));
                break;
            case "read":
                Read(node, command.Words.Skip(2).Select(ulong.Parse));
                break;
            case "transfer":
                Answer(node.Raft.TransferLeadership(command.Option("to", 0)));
                break;
            case "unreachable":
                node.Raft.ReportUnreachable(command.Number(2));
                break;
            case "send-snapshot":
                _trace.Line(node.SendSnapshot(command.Option("to", 0)) ? "ok" : "not wanted");
                break;
            case "report-snapshot":
                node.Raft.ReportSnapshot(command.Option("to", 0), installed: command.Has("installed"));
                break;
            default:
                return false;
        }

        node.Finish();
        return true;
    }

    private bool Show(ScriptCommand command)
    {
        switch (command.Verb)
        {
            case "quiet":
                _trace.IsQuiet = true;
                return true;
            case "loud":
                _trace.IsQuiet = false;
                return true;
            case "log":
                _trace.Line(ScriptViews.Log(_cluster[command.Number(1)]));
                return true;
            case "status":
                _cluster.Nodes.Where(node => command.Words.Count == 1 || node.Id == command.Number(1))
                    .SelectMany(ScriptViews.Status)
                    .ToList()
                    .ForEach(_trace.Line);
                return true;
            case "network":
                _cluster.Network.ForEach(packet => _trace.Line($"  {ScriptTrace.Describe(packet)}"));
                return true;
            case "ignored":
                ScriptViews.Ignored(_cluster[command.Number(1)]).ToList().ForEach(_trace.Line);
                return true;
            default:
                return false;
        }
    }

    private TestNode? Node(ScriptCommand command) =>
        command.Words.Count > 1 && ulong.TryParse(command.Words[1], out var id)
            ? _cluster.Nodes.FirstOrDefault(node => node.Id == id)
            : null;

    private void CreateCluster(ScriptCommand command)
    {
        _clusterOptions = command;
        var configuration = new Configuration(command.List("voters"), [], command.List("learners"), [], []);
        foreach (var member in configuration.Members())
        {
            Create(member, configuration);
        }
    }

    private void Create(ulong member, Configuration configuration)
    {
        var options = _clusterOptions;
        _cluster.Add(
            new RaftOptions
            {
                Id = member,
                ClusterId = TestCluster.ClusterId,
                Seed = member,
                ElectionTicks = (int)options.Option("election", 10),
                HeartbeatTicks = (int)options.Option("heartbeat", 1),
                MaxAppendBytes = (long)options.Option("append-bytes", 1 << 20),
                MaxInflightBytes = (long)options.Option("inflight-bytes", 1 << 20),
                MaxInflightAppends = (int)options.Option("inflight-appends", 256),
                MaxUncommittedBytes = (long)options.Option("uncommitted-bytes", 1 << 20),
                MaxPendingReads = (int)options.Option("reads", 1024),
                PromotionLag = options.Option("promotion-lag", 2),
            },
            configuration);
    }

    /// <summary>Packets on their way by <c>from-&gt;to</c>, <c>-&gt;to</c>, <c>from-&gt;</c> and type; a number limits how many.</summary>
    private List<Packet> Selected(ScriptCommand command)
    {
        IEnumerable<Packet> packets = _cluster.Network.ToList();
        foreach (var word in command.Words.Skip(1))
        {
            var arrow = word.IndexOf("->", StringComparison.Ordinal);
            if (arrow >= 0)
            {
                packets = packets.Where(packet =>
                    (arrow == 0 || packet.Message.From == ulong.Parse(word[..arrow]))
                    && (arrow + 2 == word.Length || packet.Message.To == ulong.Parse(word[(arrow + 2)..])));
            }
            else if (int.TryParse(word, out var count))
            {
                packets = packets.Take(count);
            }
            else
            {
                var type = Enum.Parse<MessageType>(word.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
                packets = packets.Where(packet => packet.Message.Type == type);
            }
        }

        return [.. packets];
    }

    private void Stabilize()
    {
        for (var round = 0; _cluster.Network.Count > 0; round++)
        {
            Assert.That(round, Is.LessThan(200), "the conversation does not end");
            foreach (var packet in _cluster.Network.ToList())
            {
                _cluster.Deliver(packet);
            }
        }
    }

    /// <summary>
    /// The others that a member can reach lose sight of their leader, and it campaigns; unheard, it leads without their knowing.
    /// </summary>
    private void Elect(TestNode node, bool isHeard)
    {
        var others = _cluster.Nodes.Where(other => other != node && _cluster.CanReach(new Message { From = node.Id, To = other.Id }));
        foreach (var other in others)
        {
            for (var i = 0UL; i < _clusterOptions.Option("election", 10); i++)
            {
                other.Raft.Tick();
            }

            other.Finish();
        }

        _cluster.Network.Clear();
        for (var campaign = 0; node.Raft.Role != Role.Leader; campaign++)
        {
            // The first campaign of a member whose term is behind only brings it up to date.
            Assert.That(campaign, Is.LessThan(3), $"{node.Id} is not elected");
            node.Raft.Campaign();
            node.Finish();
            while (_cluster.Network.Count > 0 && node.Raft.Role != Role.Leader)
            {
                _cluster.Deliver(_cluster.Network[0]);
            }
        }

        if (isHeard)
        {
            Stabilize();
        }
    }

    private void Partition(IEnumerable<string> words)
    {
        _cluster.Sides.Clear();
        var side = 1;
        foreach (var word in words)
        {
            if (word == "|")
            {
                side++;
            }
            else
            {
                _cluster.Sides[ulong.Parse(word)] = side;
            }
        }
    }

    private static Message Injected(ScriptCommand command) => new()
    {
        Type = Enum.Parse<MessageType>(command.Options["type"].Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
        ClusterId = command.Option("cluster", TestCluster.ClusterId),
        From = command.Option("from", 0),
        To = command.Option("to", 0),
        Term = command.Option("term", 0),
        Index = command.Option("index", 0),
        LogTerm = command.Option("log-term", 0),
        LastIndex = command.Option("last", command.Option("index", 0)),
        Commit = command.Option("commit", 0),
        ReadPosition = command.Option("read", 0),
    };

    private static MemberChange[] Changes(ScriptCommand command) =>
    [
        .. command.Options.SelectMany(option => option.Value.Split(',').Select(member => new MemberChange(
            Enum.Parse<MemberChangeKind>(option.Key.Replace("-", "", StringComparison.Ordinal), ignoreCase: true), ulong.Parse(member)))),
    ];

    private void Read(TestNode node, IEnumerable<ulong> tokens)
    {
        foreach (var token in tokens)
        {
            _cluster.Safety.OnReadBegun(token);
            if (node.Raft.ReadBarrier(token) is var refusal and not Refusal.None)
            {
                _trace.Line($"refused: {refusal}");
            }
        }
    }

    private void Answer(ProposalResult result)
    {
        if (result.Refusal != Refusal.None)
        {
            _trace.Line($"refused: {result.Refusal}{(result.Reason is null ? "" : $", {result.Reason}")}");
        }
    }

    private void Answer(Refusal refusal)
    {
        if (refusal != Refusal.None)
        {
            _trace.Line($"refused: {refusal}");
        }
    }
}
