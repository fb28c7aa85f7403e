using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster.Tests.Group;

/// <summary>Frames between members, in memory: in order for each pair, delivered when the test says so, lost where a link is cut.</summary>
internal sealed class GroupNetwork
{
    private readonly SortedDictionary<(ulong From, ulong To), Queue<byte[]>> _links = [];
    private readonly HashSet<(ulong From, ulong To)> _cut = [];

    private readonly List<Question> _questions = [];

    /// <summary>All questions that were answered, in order.</summary>
    public List<(ulong From, ulong To, byte[] Question)> Answered { get; } = [];

    /// <summary>All frames that were accepted, in order.</summary>
    public List<(ulong From, ulong To, byte[] Frame)> Sent { get; } = [];

    /// <summary>The network as one member sees it.</summary>
    public IPeerNetwork Of(ulong member) => new Port(this, member);

    public void Cut(ulong from, ulong to) => _cut.Add((from, to));

    public void CutBoth(ulong one, ulong other)
    {
        Cut(one, other);
        Cut(other, one);
    }

    public void Heal() => _cut.Clear();

    /// <summary>Forgets what is on its way to and from a member.</summary>
    public void Drop(ulong member)
    {
        foreach (((ulong from, ulong to), Queue<byte[]> frames) in _links)
        {
            if (from == member || to == member)
            {
                frames.Clear();
            }
        }
    }

    /// <summary>What has arrived at a member, in order for each sender.</summary>
    public IEnumerable<(ulong From, byte[] Frame)> Take(ulong to)
    {
        foreach ((ulong from, ulong receiver) in _links.Keys.Where(link => link.To == to).ToList())
        {
            Queue<byte[]> frames = _links[(from, receiver)];
            for (int left = frames.Count; left > 0; left--)
            {
                yield return (from, frames.Dequeue());
            }
        }
    }

    /// <summary>Answers what was asked, by whoever is up and reached in both directions.</summary>
    /// <returns>Whether anything was.</returns>
    public bool AnswerQuestions(ReplicaGroup group)
    {
        List<Question> questions = [.. _questions];
        _questions.Clear();
        foreach (Question question in questions)
        {
            Answer(group, question);
        }

        return questions.Count > 0;
    }

    private void Answer(ReplicaGroup group, Question question)
    {
        (ulong from, ulong to, byte[] bytes, TaskCompletionSource<ReadOnlyMemory<byte>> answer) = question;
        if (!group[from].IsUp)
        {
            return;
        }

        if (!group[to].IsUp || _cut.Contains((from, to)) || _cut.Contains((to, from)))
        {
            answer.SetException(new PeerAskException($"member {to} is not reached"));
            return;
        }

        try
        {
            byte[] found = group[to].Replica.AnswerSnapshotQuestion(from, bytes).ToArray();
            Answered.Add((from, to, bytes));
            answer.SetResult(found);
        }
        catch (InvalidDataException failure)
        {
            answer.SetException(new PeerAskException(failure.Message));
        }
    }

    private bool Send(ulong from, ulong to, ReadOnlySpan<byte> frame)
    {
        byte[] copy = frame.ToArray();
        if (_cut.Contains((from, to)))
        {
            return true;
        }

        Sent.Add((from, to, copy));
        if (!_links.TryGetValue((from, to), out Queue<byte[]>? frames))
        {
            _links[(from, to)] = frames = new Queue<byte[]>();
        }

        frames.Enqueue(copy);
        return true;
    }

    private sealed class Port(GroupNetwork network, ulong self) : IPeerNetwork
    {
        private IReadOnlyList<PeerAddress> _members = [];

        public bool Send(ulong to, ReadOnlySpan<byte> frame) =>
            _members.Any(member => member.Id == to) && network.Send(self, to, frame);

        public void SetMembers(IReadOnlyList<PeerAddress> members, IReadOnlyList<ulong> removed) => _members = members;

        public ValueTask<ReadOnlyMemory<byte>> AskAsync(ulong member, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
            new(network.Ask(self, member, request.ToArray()));
    }

    private Task<ReadOnlyMemory<byte>> Ask(ulong from, ulong to, byte[] question)
    {
        Question asked = new(from, to, question, new TaskCompletionSource<ReadOnlyMemory<byte>>());
        _questions.Add(asked);
        return asked.Answer.Task;
    }

    private sealed record Question(ulong From, ulong To, byte[] Bytes, TaskCompletionSource<ReadOnlyMemory<byte>> Answer);
}
