using System.Runtime.InteropServices;

namespace Etcdish.Log;

/// <summary>
/// Grace periods: who entered a scope before something was retired keeps it until he leaves. Readers count themselves under the current
/// generation, in one of a few cells so that they do not fight over one cache line; the generation moves on only when the one before is
/// empty. So at most two generations have readers, and what was retired in generation g is free once generation g + 2 begins.
/// </summary>
internal sealed class ReadScopes
{
    private const int Stripes = 8;

    private readonly Cell[] _cells = new Cell[2 * Stripes];
    private int _generation;

    internal int Generation => Volatile.Read(ref _generation);

    internal int Enter()
    {
        var stripe = Environment.CurrentManagedThreadId & (Stripes - 1);
        while (true)
        {
            var generation = Volatile.Read(ref _generation);
            var token = ((generation & 1) * Stripes) | stripe;
            Interlocked.Increment(ref _cells[token].Readers);

            // Between the read and the count the generation may have moved on, and its emptiness been judged without us.
            if (Volatile.Read(ref _generation) == generation)
            {
                return token;
            }

            Interlocked.Decrement(ref _cells[token].Readers);
        }
    }

    /// <summary>Leaves; true when the cell is empty now, so that a generation may have ended.</summary>
    internal bool Exit(int token) => Interlocked.Decrement(ref _cells[token].Readers) == 0;

    /// <summary>Begins the next generation if the previous one has no readers left. One caller at a time.</summary>
    internal bool TryAdvance()
    {
        var previous = ((_generation + 1) & 1) * Stripes;
        for (var stripe = 0; stripe < Stripes; stripe++)
        {
            if (Volatile.Read(ref _cells[previous + stripe].Readers) != 0)
            {
                return false;
            }
        }

        Interlocked.Increment(ref _generation);
        return true;
    }

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct Cell
    {
        [FieldOffset(0)]
        internal int Readers;
    }
}
