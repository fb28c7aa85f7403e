using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace Etcdish.Rpc;

/// <summary>A state machine on the heap, which is also the promise of its method's result.</summary>
internal abstract class StateMachineBox<TResult> : IValueTaskSource<TResult>, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<TResult> _source;

    public ValueTask Task => new(this, _source.Version);

    public ValueTask<TResult> TaskOfResult => new(this, _source.Version);

    public void SetResult(TResult result) => _source.SetResult(result);

    public void SetException(Exception exception) => _source.SetException(exception);

    public TResult GetResult(short token)
    {
        // A wrong token, or an end that has not come, is a caller's mistake: it throws, and the box is not given away.
        bool hasEnded = _source.GetStatus(token) != ValueTaskSourceStatus.Pending;
        try
        {
            return _source.GetResult(token);
        }
        finally
        {
            if (hasEnded)
            {
                _source.Reset();
                Recycle();
            }
        }
    }

    void IValueTaskSource.GetResult(short token) => GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private protected abstract void Recycle();
}

/// <summary>The box of one method. Each thread keeps some that have ended for the next calls.</summary>
internal sealed class StateMachineBox<TStateMachine, TResult> : StateMachineBox<TResult>
    where TStateMachine : IAsyncStateMachine
{
    private const int MostKept = 512;

    [ThreadStatic]
    private static StateMachineBox<TStateMachine, TResult>? _kept;

    private TStateMachine? _stateMachine;
    private StateMachineBox<TStateMachine, TResult>? _next;
    private int _count;

    private StateMachineBox() => MoveNext = () => _stateMachine!.MoveNext();

    /// <summary>Goes on with the method.</summary>
    public Action MoveNext { get; }

    /// <summary>The box of a method at its wait: made and filled at the first, the same at later ones.</summary>
    /// <param name="stateMachine">The state machine; on the stack at the first wait, inside the box later.</param>
    /// <param name="box">Where the builder, which is part of the state machine, remembers the box.</param>
    public static StateMachineBox<TStateMachine, TResult> Of(ref TStateMachine stateMachine, ref StateMachineBox<TResult>? box)
    {
        if (box is StateMachineBox<TStateMachine, TResult> filled)
        {
            return filled;
        }

        StateMachineBox<TStateMachine, TResult> rented = Rent();

        // In this order: the copy has to know its box.
        box = rented;
        rented._stateMachine = stateMachine;
        return rented;
    }

    private protected override void Recycle()
    {
        _stateMachine = default;
        int count = _kept is { } kept ? kept._count : 0;
        if (count < MostKept)
        {
            _next = _kept;
            _count = count + 1;
            _kept = this;
        }
    }

    private static StateMachineBox<TStateMachine, TResult> Rent()
    {
        if (_kept is not { } box)
        {
            return new StateMachineBox<TStateMachine, TResult>();
        }

        _kept = box._next;
        box._next = null;
        return box;
    }
}
