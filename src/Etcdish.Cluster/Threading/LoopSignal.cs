using System.Runtime.CompilerServices;

namespace Etcdish.Cluster;

/// <summary>
/// Wakes one sleeping thread. The runtime's own primitives take four to five system calls to put a thread to sleep and to wake it, and a
/// node loop sleeps some thousand times a second.
/// </summary>
internal sealed unsafe class LoopSignal
{
    private const int Unset = 0;
    private const int IsSet = 1;

    // Alone on its cache line, and where the kernel finds it again.
    private readonly int[] _memory = GC.AllocateArray<int>(32, pinned: true);
    private readonly int* _word;
    private readonly AutoResetEvent? _elsewhere;

    public LoopSignal()
    {
        _word = (int*)Unsafe.AsPointer(ref _memory[16]);
        _elsewhere = Futex.IsSupported ? null : new AutoResetEvent(false);
    }

    /// <summary>Wakes the sleeper, or whoever sleeps next. Any thread.</summary>
    public void Set()
    {
        if (_elsewhere is not null)
        {
            _elsewhere.Set();
        }
        else if (Interlocked.Exchange(ref *_word, IsSet) == Unset)
        {
            Futex.WakeOne(_word);
        }
    }

    /// <summary>Sleeps until it is set, until the time is up, or for no reason; then it is no longer set. One thread.</summary>
    public void Wait(TimeSpan timeout)
    {
        if (_elsewhere is not null)
        {
            _elsewhere.WaitOne(timeout);
            return;
        }

        if (Volatile.Read(ref *_word) == Unset && timeout > TimeSpan.Zero)
        {
            Futex.Wait(_word, Unset, timeout);
        }

        // What was set for before this is seen by the sleeper, who looks at everything now.
        Interlocked.Exchange(ref *_word, Unset);
    }
}
