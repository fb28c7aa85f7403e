using System.Runtime.CompilerServices;

namespace Etcdish.Cluster;

/// <summary>
/// One value for each index of a window of the Raft log: grows at the end, is cut at the end, shrinks at the front. A ring, so that none of
/// that moves what stays.
/// </summary>
/// <typeparam name="T">What is kept for an index.</typeparam>
/// <param name="first">The index that the first <see cref="Add"/> gets.</param>
internal sealed class IndexRing<T>(ulong first)
{
    private const int LeastSlots = 64;

    private T[] _slots = new T[LeastSlots];

    /// <summary>The first index of the window, or the next one when it is empty.</summary>
    public ulong First { get; private set; } = first;

    /// <summary>The index that the next <see cref="Add"/> gets.</summary>
    public ulong Next { get; private set; } = first;

    /// <summary>How many indexes the window holds.</summary>
    public int Count => (int)(Next - First);

    /// <summary>The value of an index of the window.</summary>
    public ref T this[ulong index]
    {
        get
        {
            if (index < First || index >= Next)
            {
                ThrowOutside(index);
            }

            return ref Slot(index);
        }
    }

    public bool Contains(ulong index) => index >= First && index < Next;

    public void Add(T value)
    {
        if (Count == _slots.Length)
        {
            Grow();
        }

        Slot(Next++) = value;
    }

    /// <summary>Removes an index of the window and all after it.</summary>
    public void RemoveFrom(ulong index)
    {
        while (Next > index && Next > First)
        {
            Slot(--Next) = default!;
        }
    }

    /// <summary>Removes all before an index.</summary>
    public void RemoveBefore(ulong index)
    {
        while (First < index && First < Next)
        {
            Slot(First++) = default!;
        }

        if (First < index)
        {
            First = Next = index;
        }
    }

    /// <summary>Removes all; the next <see cref="Add"/> gets another index, whichever.</summary>
    public void Reset(ulong next)
    {
        RemoveFrom(First);
        First = Next = next;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref T Slot(ulong index) => ref _slots[(int)index & (_slots.Length - 1)];

    private void Grow()
    {
        T[] wider = new T[_slots.Length * 2];
        for (ulong index = First; index < Next; index++)
        {
            wider[(int)index & (wider.Length - 1)] = Slot(index);
        }

        _slots = wider;
    }

    private void ThrowOutside(ulong index) =>
        throw new InvalidOperationException($"entry {index} is not among the entries {First} to {Next - 1} that are kept");
}
