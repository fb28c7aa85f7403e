using Etcdish.Checkers;

namespace Etcdish.Simulation;

/// <summary>
/// One client: asks, waits, thinks, asks again, one operation at a time. It stays with a member until that disappoints it. What does not
/// come back in time is of unknown outcome, and is never asked again.
/// </summary>
internal sealed class Client
{
    private const long RetryPause = 20 * Span.Millisecond;

    private readonly World _world;
    private readonly SeededRandom _random;
    private readonly CallGenerator _calls;
    private Pending? _pending;
    private bool _hasStopped;
    private int _member;

    public Client(World world, int number)
    {
        _world = world;
        Number = number;
        _random = SeededRandom.For(world.Seed, $"client {number}");
        _calls = new CallGenerator(world, _random);
        _member = _random.Next(world.Plan.Members);
    }

    /// <summary>From 1.</summary>
    public int Number { get; }

    /// <summary>Waits for an answer.</summary>
    public bool IsWaiting => _pending is not null;

    public void ThinkAndAsk() => _world.Queue.After(_random.Exponential(_world.Plan.Clients.ThinkTime), Ask);

    /// <summary>There is more to ask than there was.</summary>
    public void Resume()
    {
        if (_hasStopped)
        {
            _hasStopped = false;
            ThinkAndAsk();
        }
    }

    /// <summary>The connection broke: the answer will not come.</summary>
    public void OnMemberGone(int member)
    {
        if (_pending is { } pending && pending.Member == member)
        {
            _world.Queue.After(_random.NextInt64(Span.Millisecond), () => GiveUp(pending));
        }
    }

    /// <summary>The world is over: what was not answered never was.</summary>
    public void Close()
    {
        if (_pending is { } pending)
        {
            GiveUp(pending);
        }
    }

    private void Ask()
    {
        if (!_world.MayAsk)
        {
            _hasStopped = true;
            return;
        }

        Machine machine = _world.Machines[_member];
        if (machine.Process is not { } process)
        {
            _member = _random.Next(_world.Machines.Count);
            _world.Queue.After(RetryPause, Ask);
            return;
        }

        Pending pending = new(_world.NextOperation(), _calls.Next(), _world.Queue.Now, machine.Number);
        _pending = pending;
        _world.Note(TraceKind.Called, Number, pending.Id, machine.Number, pending.Call);
        _world.Queue.After(_world.Plan.Clients.Timeout, () => GiveUp(pending));
        long arrival = _world.Queue.Now + _world.Network.ClientDelay();
        process.Post(arrival, () => process.Requests.Serve(pending.Call, answer => OnAnswerLeft(pending, answer)));
    }

    private void OnAnswerLeft(Pending pending, Answer answer) =>
        _world.Queue.After(_world.Network.ClientDelay(), () => OnAnswer(pending, answer));

    private void OnAnswer(Pending pending, Answer answer)
    {
        if (_pending == pending)
        {
            End(pending, answer);
        }
    }

    private void GiveUp(Pending pending)
    {
        if (_pending == pending)
        {
            _world.Note(TraceKind.GivenUp, Number, pending.Id);
            End(pending, new Answer(Outcome.Unknown, null, RefusalReason.Other));
        }
    }

    private void End(Pending pending, in Answer answer)
    {
        _pending = null;
        Operation operation = new(pending.Id, Number, pending.Call, pending.CalledAt, _world.Queue.Now)
        {
            Outcome = answer.Outcome,
            Reply = answer.Reply,
            Refusal = answer.Refusal,
        };
        if (answer.Outcome != Outcome.Unknown)
        {
            _world.Note(TraceKind.Answered, Number, pending.Id, answer.Reply?.Revision ?? -1, operation);
        }

        _world.Record(operation);
        if (answer.Outcome == Outcome.Unknown)
        {
            _member = _random.Next(_world.Machines.Count);
        }

        ThinkAndAsk();
    }

    private sealed record Pending(int Id, Call Call, long CalledAt, int Member);
}
