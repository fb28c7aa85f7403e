using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Etcdish.Store;

/// <summary>
/// The bytes that tell the keys of one node apart, side by side: eight bytes of each after what all of them begin with. A search compares
/// numbers that lie in a few cache lines, and looks at a key itself, which is two cache misses away, only where these are equal.
/// </summary>
internal struct KeyHeads
{
    private readonly ulong[] _heads = new ulong[KeyIndexNode.Capacity];
    private byte[] _sample = [];
    private int _common = -1;

    public KeyHeads()
    {
    }

    /// <summary>The head of the key in a slot.</summary>
    public readonly ulong this[int slot]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _heads[slot];
    }

    /// <summary>Compares a key with what all keys of the node begin with.</summary>
    /// <param name="key">The key.</param>
    /// <param name="head">Its head, when it begins like them.</param>
    /// <returns>Negative: it comes before all of them; positive: after all; 0: its head tells.</returns>
    public readonly int Locate(ReadOnlySpan<byte> key, out ulong head)
    {
        int common = _common;
        if (common > 0)
        {
            int order = key[..Math.Min(common, key.Length)].SequenceCompareTo(_sample.AsSpan(0, common));
            if (order != 0)
            {
                head = 0;
                return order;
            }
        }

        head = HeadOf(key[common..]);
        return 0;
    }

    /// <summary>A key joins the node.</summary>
    /// <returns>True when it shares less with the others than they did, so that the heads of all must be set anew.</returns>
    public bool Admit(byte[] key)
    {
        if (_common < 0)
        {
            (_sample, _common) = (key, key.Length);
            return false;
        }

        int common = _sample.AsSpan(0, _common).CommonPrefixLength(key);
        if (common == _common)
        {
            return false;
        }

        _common = common;
        return true;
    }

    /// <summary>The node has no key any more, or others than before: <see cref="Admit"/> its first and its last.</summary>
    public void Reset() => (_sample, _common) = ([], -1);

    /// <summary>Sets the head of an admitted key.</summary>
    public readonly void Set(int slot, byte[] key) => _heads[slot] = HeadOf(key.AsSpan(_common));

    /// <summary>Makes room for a key's head.</summary>
    public readonly void Open(int slot, int count) => Array.Copy(_heads, slot, _heads, slot + 1, count - slot);

    /// <summary>Closes the gap that a key left.</summary>
    public readonly void Close(int slot, int countAfter) => Array.Copy(_heads, slot + 1, _heads, slot, countAfter - slot);

    // What is shorter is filled with zeros: it then comes before what goes on, or is equal to it, and the keys themselves decide.
    private static ulong HeadOf(ReadOnlySpan<byte> rest)
    {
        if (rest.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64BigEndian(rest);
        }

        ulong head = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            head |= (ulong)rest[i] << (56 - (8 * i));
        }

        return head;
    }
}
