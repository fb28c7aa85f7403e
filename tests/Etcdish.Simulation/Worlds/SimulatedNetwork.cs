using Etcdish.Cluster.Peers;

namespace Etcdish.Simulation;

/// <summary>
/// What lies between machines. Frames of one member to another stay in order or are lost, as on a connection; seeds that say so go beyond
/// that and let Raft's frames, and only those, overtake each other, come twice, or vanish without a word: the core promises to bear it.
/// </summary>
internal sealed class SimulatedNetwork(World world)
{
    private readonly NetworkPlan _plan = world.Plan.Network;
    private readonly SeededRandom _random = SeededRandom.For(world.Seed, "network");
    private readonly SeededRandom _clientRandom = SeededRandom.For(world.Seed, "client network");
    private readonly Dictionary<(int From, int To), Link> _links = [];
    private bool _isHealed;
    private long _frames;

    /// <summary>One way between a client and a member.</summary>
    public long ClientDelay() => _plan.MinDelay + _clientRandom.Exponential(_plan.MeanDelay);

    /// <summary>A frame leaves a process, at its machine's time.</summary>
    /// <returns>False when there is no such member.</returns>
    public bool Send(NodeProcess from, ulong to, ReadOnlySpan<byte> frame)
    {
        if (world.Machines.Find(machine => machine.MemberId == to) is not { } target || target == from.Machine)
        {
            return false;
        }

        Parcel parcel = new(from, target, frame.ToArray(), from.Machine.Now, ++_frames, PeerFrameReader.KindOf(frame) == PeerFrameKind.Raft);
        world.Note(TraceKind.FrameSent, from.Machine.Number, target.Number, parcel.Number, parcel.Bytes);
        world.Frames.Sent(from, target, parcel.Bytes);
        if (!_isHealed && _random.Chance(_plan.Loss))
        {
            Lose(parcel, tellsBoth: !_plan.LosesSilently);
            return true;
        }

        Deliver(parcel);
        bool isTwice = !_isHealed && parcel.IsRaft && _random.Chance(_plan.Duplication);
        if (isTwice || (world.Sabotage.ForwardsTwice && PeerFrameReader.KindOf(frame) == PeerFrameKind.Forward))
        {
            Deliver(parcel);
        }

        return true;
    }

    /// <summary>
    /// A question goes to another member over a connection of its own, and the answer comes back, unless either is lost.
    /// </summary>
    public Task<ReadOnlyMemory<byte>> Ask(NodeProcess from, ulong to, byte[] question)
    {
        Question asked = new(from, world.Machines.Find(machine => machine.MemberId == to), question);
        world.Queue.After(_plan.AnswerPatience, () => Fail(asked));
        if (asked.To is { } target)
        {
            world.Note(TraceKind.QuestionAsked, from.Machine.Number, target.Number, question[0]);
            Carry(from.Machine, target, question.Length, () => Arrive(asked));
        }

        return asked.Answer.Task;
    }

    /// <summary>Whether one of those whom a process can reach refuses its connection, since it was removed.</summary>
    public bool IsRefused(NodeProcess process) => world.Machines.Exists(machine =>
        machine.Process is { } other
        && process.Port.Knows(machine.MemberId)
        && other.Port.Refuses(process.Machine.MemberId)
        && LinkOf(process.Machine, machine).CutUntil <= world.Queue.Now);

    /// <summary>Cuts some links for a while.</summary>
    public void Cut()
    {
        int count = world.Machines.Count;
        if (count < 2)
        {
            return;
        }

        long time = _random.Exponential(_plan.CutTime);
        bool isOneWay = _random.Chance(_plan.OneWayShare);
        int mask = _random.Next(3) switch
        {
            0 => 1 << _random.Next(count),
            1 => _random.Next(1, 1 << count),
            _ => 0,
        };
        int lone = _random.Next(count);
        int other = (lone + 1 + _random.Next(count - 1)) % count;
        foreach (Machine from in world.Machines)
        {
            foreach (Machine to in world.Machines.Where(to => to != from))
            {
                (int a, int b) = (from.Number - 1, to.Number - 1);
                bool crosses = mask == 0
                    ? (a == lone && b == other) || (!isOneWay && a == other && b == lone)
                    : (mask >> a & 1) != (mask >> b & 1) && (!isOneWay || (mask >> a & 1) == 1);
                if (crosses)
                {
                    CutLink(from, to, time);
                }
            }
        }
    }

    public void Heal()
    {
        _isHealed = true;
        foreach (Link link in _links.Values)
        {
            link.CutUntil = 0;
        }

        world.Note(TraceKind.LinksHealed, 0);
    }

    /// <summary>The kernel of a machine whose process died says so to those who had a connection; one without power says nothing.</summary>
    public void OnProcessEnded(Machine ended)
    {
        // What it would have sent once its disk was done never left, and holds up nothing that a later life sends.
        long latest = world.Queue.Now + _plan.MinDelay + 5 * _plan.MeanDelay;
        foreach (Machine to in world.Machines.Where(to => to != ended))
        {
            Link link = LinkOf(ended, to);
            link.LastArrival = Math.Min(link.LastArrival, latest);
        }

        foreach (Machine machine in world.Machines.Where(machine => machine != ended && !ended.Disk.IsDown))
        {
            Tell(machine, ended);
        }
    }

    private void Arrive(Question asked)
    {
        if (asked.To!.Process is not { } process)
        {
            Fail(asked);
            return;
        }

        process.Post(world.Queue.Now, () =>
        {
            byte[]? answer = process.Answer(asked.From.Machine.MemberId, asked.Bytes);
            if (answer is null)
            {
                Fail(asked);
                return;
            }

            Carry(asked.To, asked.From.Machine, answer.Length, () =>
            {
                world.Note(TraceKind.QuestionAnswered, asked.From.Machine.Number, asked.To.Number, answer.Length);
                asked.From.Post(world.Queue.Now, () => asked.Answer.TrySetResult(answer));
            });
        });
    }

    // What is lost is not told; the asker's patience ends.
    private void Carry(Machine from, Machine to, int bytes, Action arrive)
    {
        long departure = from.Now;
        if (!_isHealed && _random.Chance(_plan.Loss))
        {
            world.Marks.Add(Mark.QuestionLost);
            return;
        }

        Link link = LinkOf(from, to);
        world.Queue.At(departure + _plan.MinDelay + _random.Exponential(_plan.MeanDelay) + 10 * bytes, () =>
        {
            if (link.CutUntil <= departure)
            {
                arrive();
            }
        });
    }

    private void Fail(Question asked) => asked.From.Post(
        world.Queue.Now + ClientDelay(), () => asked.Answer.TrySetException(new PeerAskException("there is no answer")));

    private Link LinkOf(Machine from, Machine to)
    {
        if (!_links.TryGetValue((from.Number, to.Number), out Link? link))
        {
            _links[(from.Number, to.Number)] = link = new Link();
        }

        return link;
    }

    private void CutLink(Machine from, Machine to, long time)
    {
        Link link = LinkOf(from, to);
        link.CutUntil = Math.Max(link.CutUntil, world.Queue.Now + time);
        world.Note(TraceKind.LinkCut, from.Number, to.Number, time);
        world.Marks.Add(Mark.LinkCut);
    }

    private void Deliver(Parcel parcel)
    {
        Link link = LinkOf(parcel.From.Machine, parcel.To);
        long arrival = parcel.Departure + _plan.MinDelay + _random.Exponential(_plan.MeanDelay);
        if (parcel.IsRaft && !_isHealed && _plan.Reorders && _random.Chance(_plan.Stragglers))
        {
            world.Queue.At(arrival + _random.Exponential(_plan.StraggleTime), () => Arrive(parcel, link, link.Connection));
            return;
        }

        if (!parcel.IsRaft || !_plan.Reorders || _isHealed)
        {
            arrival = Math.Max(arrival, link.LastArrival);
            link.LastArrival = arrival;
        }

        long connection = link.Connection;
        world.Queue.At(arrival, () => Arrive(parcel, link, connection));
    }

    private void Arrive(Parcel parcel, Link link, long connection)
    {
        bool neverLeft = parcel.From.EndedAt < parcel.Departure;
        if (neverLeft || link.Connection != connection || link.CutUntil > parcel.Departure || parcel.To.Process is not { } process)
        {
            world.Note(TraceKind.FrameLost, parcel.From.Machine.Number, parcel.To.Number, parcel.Number);
            return;
        }

        if (process.Port.Refuses(parcel.From.Machine.MemberId))
        {
            parcel.From.Post(world.Queue.Now + ClientDelay(), parcel.From.OnRefusedAsRemoved);
            return;
        }

        world.Sabotage.OnFrame(parcel.Bytes, parcel.To);
        world.Note(TraceKind.FrameArrived, parcel.To.Number, parcel.From.Machine.Number, parcel.Number);
        process.Post(world.Queue.Now, () => process.Mailbox.Receive(parcel.From.Machine.MemberId, parcel.Bytes));
    }

    // A frame is lost with its connection and all that is under way on it.
    private void Lose(Parcel parcel, bool tellsBoth)
    {
        world.Marks.Add(Mark.FrameLost);
        world.Note(TraceKind.FrameLost, parcel.From.Machine.Number, parcel.To.Number, parcel.Number);
        if (tellsBoth)
        {
            LinkOf(parcel.From.Machine, parcel.To).Connection++;
            Tell(parcel.From.Machine, parcel.To);
            Tell(parcel.To, parcel.From.Machine);
        }
    }

    private void Tell(Machine machine, Machine about)
    {
        if (machine.Process is { } process)
        {
            process.Post(world.Queue.Now + ClientDelay(), () => process.Mailbox.Unreachable(about.MemberId));
        }
    }

    private sealed record Parcel(NodeProcess From, Machine To, byte[] Bytes, long Departure, long Number, bool IsRaft);

    private sealed record Question(NodeProcess From, Machine? To, byte[] Bytes)
    {
        public TaskCompletionSource<ReadOnlyMemory<byte>> Answer { get; } = new();
    }

    private sealed class Link
    {
        public long CutUntil { get; set; }

        public long LastArrival { get; set; }

        public long Connection { get; set; }
    }
}
