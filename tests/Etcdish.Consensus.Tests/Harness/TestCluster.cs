namespace Etcdish.Consensus.Tests.Harness;

/// <summary>Members and the network between them: a list of packets on their way, delivered or dropped when told.</summary>
internal sealed class TestCluster(IClusterTrace trace)
{
    internal const ulong ClusterId = 77;

    private readonly SortedDictionary<ulong, TestNode> _nodes = [];

    internal IClusterTrace Trace { get; } = trace;

    internal SafetyChecks Safety { get; } = new();

    internal IReadOnlyCollection<TestNode> Nodes => _nodes.Values;

    internal List<Packet> Network { get; } = [];

    /// <summary>Which side of a partition each member is on; packets between sides are lost.</summary>
    internal Dictionary<ulong, int> Sides { get; } = [];

    internal TestNode this[ulong id] => _nodes[id];

    internal TestNode Add(RaftOptions options, Configuration configuration)
    {
        var node = new TestNode(this, options, new LogBase(0, 0, configuration));
        _nodes.Add(options.Id, node);
        node.Start();
        return node;
    }

    internal void Send(Packet packet, bool wasHeld)
    {
        Trace.OnSent(packet, wasHeld);
        Network.Add(packet);
    }

    internal bool CanReach(in Message message) =>
        _nodes.TryGetValue(message.To, out var to) && to.IsRunning
        && Sides.GetValueOrDefault(message.From) == Sides.GetValueOrDefault(message.To);

    /// <summary>Takes a packet off the network and, if its way is open, gives it to whom it is for.</summary>
    internal void Deliver(Packet packet)
    {
        Network.Remove(packet);
        if (!CanReach(packet.Message))
        {
            Trace.OnLost(packet);
            return;
        }

        Hand(packet);
    }

    internal void Hand(Packet packet)
    {
        var node = _nodes[packet.Message.To];
        Trace.OnDelivered(packet);
        var result = node.Step(packet);
        Trace.OnStepped(packet, result);
        node.Finish();
    }
}

/// <summary>Hears what happens in a cluster, to write it down.</summary>
internal interface IClusterTrace
{
    void OnSent(Packet packet, bool wasHeld);

    void OnLost(Packet packet);

    void OnDelivered(Packet packet);

    void OnStepped(Packet packet, StepResult result);

    void OnEffects(TestNode node, Effects effects);

    void OnDurable(TestNode node);
}
