using System.Runtime.CompilerServices;

namespace Etcdish.Rpc;

#pragma warning disable CA1000, CA1822 // The compiler prescribes which members there are, and which are static.

/// <summary>
/// Builds <see cref="ValueTask"/> methods of the hot path whose state machines are used again, however many wait at a time. The runtime's
/// pooling builder keeps one state machine a core, so with a hundred puts waiting for one sync it allocates nearly all of them.
/// </summary>
/// <remarks>
/// Name it in <see cref="AsyncMethodBuilderAttribute"/>. The task is for a single await, as every value task. The execution context does not
/// flow across awaits: a method built so must not read <see cref="AsyncLocal{T}"/> values after its first await.
/// </remarks>
public struct RecyclingMethodBuilder
{
    private StateMachineBox<ValueTuple>? _box;
    private Exception? _exception;

    /// <summary>For the compiler.</summary>
    public static RecyclingMethodBuilder Create() => default;

    /// <summary>The method's task.</summary>
    public readonly ValueTask Task => _box is { } box
        ? box.Task
        : _exception is { } exception ? ValueTask.FromException(exception) : ValueTask.CompletedTask;

    /// <summary>Runs the method to its first wait.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler; does nothing.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>Ends the method.</summary>
    public readonly void SetResult() => _box?.SetResult(default);

    /// <summary>Ends the method by an exception.</summary>
    public void SetException(Exception exception)
    {
        if (_box is { } box)
        {
            box.SetException(exception);
        }
        else
        {
            _exception = exception;
        }
    }

    /// <summary>Goes on when the awaited has ended.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.OnCompleted(StateMachineBox<TStateMachine, ValueTuple>.Of(ref stateMachine, ref _box).MoveNext);

    /// <summary>Goes on when the awaited has ended.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.UnsafeOnCompleted(StateMachineBox<TStateMachine, ValueTuple>.Of(ref stateMachine, ref _box).MoveNext);
}

/// <summary>The same for methods with a result; see <see cref="RecyclingMethodBuilder"/>.</summary>
/// <typeparam name="TResult">Type of the result.</typeparam>
public struct RecyclingMethodBuilder<TResult>
{
    private StateMachineBox<TResult>? _box;
    private Exception? _exception;
    private TResult? _result;

    /// <summary>For the compiler.</summary>
    public static RecyclingMethodBuilder<TResult> Create() => default;

    /// <summary>The method's task.</summary>
    public readonly ValueTask<TResult> Task => _box is { } box
        ? box.TaskOfResult
        : _exception is { } exception ? ValueTask.FromException<TResult>(exception) : new ValueTask<TResult>(_result!);

    /// <summary>Runs the method to its first wait.</summary>
    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    /// <summary>For the compiler; does nothing.</summary>
    public readonly void SetStateMachine(IAsyncStateMachine stateMachine)
    {
    }

    /// <summary>Ends the method.</summary>
    public void SetResult(TResult result)
    {
        if (_box is { } box)
        {
            box.SetResult(result);
        }
        else
        {
            _result = result;
        }
    }

    /// <summary>Ends the method by an exception.</summary>
    public void SetException(Exception exception)
    {
        if (_box is { } box)
        {
            box.SetException(exception);
        }
        else
        {
            _exception = exception;
        }
    }

    /// <summary>Goes on when the awaited has ended.</summary>
    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.OnCompleted(StateMachineBox<TStateMachine, TResult>.Of(ref stateMachine, ref _box).MoveNext);

    /// <summary>Goes on when the awaited has ended.</summary>
    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.UnsafeOnCompleted(StateMachineBox<TStateMachine, TResult>.Of(ref stateMachine, ref _box).MoveNext);
}
