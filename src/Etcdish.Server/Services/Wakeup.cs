using System.Threading.Tasks.Sources;

namespace Etcdish.Server.Services;

/// <summary>
/// A signal for one waiter: <see cref="Set"/> lets the current or the next wait through. Any number of sets before a wait count as one.
/// Waiting allocates nothing.
/// </summary>
internal sealed class Wakeup : IValueTaskSource
{
    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };
    private bool _isSet;
    private bool _isWaited;

    /// <summary>Wakes the waiter, on another thread.</summary>
    public void Set()
    {
        lock (_lock)
        {
            if (!_isWaited)
            {
                _isSet = true;
                return;
            }

            _isWaited = false;
        }

        _source.SetResult(true);
    }

    /// <summary>Waits for a set since the last wait. One wait at a time.</summary>
    public ValueTask WaitAsync()
    {
        lock (_lock)
        {
            if (_isSet)
            {
                _isSet = false;
                return ValueTask.CompletedTask;
            }

            _source.Reset();
            _isWaited = true;
            return new ValueTask(this, _source.Version);
        }
    }

    void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
