namespace Etcdish.Fuzz.Inputs;

/// <summary>
/// Damages valid bytes the way that finds bugs in readers of protobuf: an eighth of the inputs stays valid, an eighth is pure chance, the
/// rest gets a few of the changes below.
/// </summary>
internal static class InputMutator
{
    private const int MostRandomBytes = 64;
    private const int MostInputBytes = 64 << 10;

    private static readonly byte[][] _hostileVarints =
    [
        [0x00],
        [0x7F],
        [0xFF, 0x7F],
        [0xFF, 0xFF, 0xFF, 0xFF, 0x07],
        [0x80, 0x80, 0x80, 0x80, 0x08],
        [0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
        [0xFF, 0xFF, 0xFF, 0xFF, 0x1F],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    ];

    /// <summary>Makes an input.</summary>
    /// <param name="random">All chance.</param>
    /// <param name="makeValid">Makes a valid encoding; called again where two are spliced.</param>
    public static byte[] MakeInput(Random random, Func<Random, byte[]> makeValid)
    {
        switch (random.Next(8))
        {
            case 0:
                return makeValid(random);
            case 1:
                return RandomBytes(random, MostRandomBytes);
            default:
                return Mutate(random, makeValid(random), makeValid);
        }
    }

    /// <summary>Makes one to four changes.</summary>
    public static byte[] Mutate(Random random, byte[] valid, Func<Random, byte[]> makeValid)
    {
        var bytes = valid;
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            bytes = Change(random, bytes, makeValid);
        }

        return bytes.Length <= MostInputBytes ? bytes : bytes[..MostInputBytes];
    }

    public static byte[] RandomBytes(Random random, int most)
    {
        var bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Change(Random random, byte[] bytes, Func<Random, byte[]> makeValid)
    {
        var at = random.Next(bytes.Length + 1);
        switch (random.Next(9))
        {
            case 0 when at < bytes.Length:
                return With(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8))));
            case 1 when at < bytes.Length:
                return With(bytes, at, (byte)random.Next(256));
            case 2:
                return bytes[..at];
            case 3:
                return Replace(bytes, at, Math.Min(random.Next(16), bytes.Length - at), []);
            case 4:
                return Replace(bytes, at, 0, RandomBytes(random, 8));
            case 5:
                return Replace(bytes, at, 0, bytes.AsSpan(at, Math.Min(random.Next(32), bytes.Length - at)));
            case 6:
                return Replace(bytes, at, bytes.Length - at, Tail(random, makeValid(random)));
            case 7:
                return Nest(random, bytes);
            default:
                return Replace(bytes, at, Math.Min(1, bytes.Length - at), _hostileVarints[random.Next(_hostileVarints.Length)]);
        }
    }

    // Wraps the bytes again and again: in messages with right lengths, or in groups that are never closed.
    private static byte[] Nest(Random random, byte[] bytes)
    {
        var depth = random.Next(4) == 0 ? random.Next(300) : random.Next(4);
        var isGroup = random.Next(4) == 0;
        var field = random.Next(1, 16);
        for (; depth > 0 && bytes.Length < MostInputBytes; depth--)
        {
            byte[] head = isGroup ? [(byte)((field << 3) | 3)] : [(byte)((field << 3) | 2), .. Varint((ulong)bytes.Length)];
            bytes = [.. head, .. bytes];
            field = random.Next(3) == 0 ? random.Next(1, 5) : field;
        }

        return bytes;
    }

    private static byte[] Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        return [.. bytes, (byte)value];
    }

    private static byte[] Tail(Random random, byte[] bytes) => bytes[random.Next(bytes.Length + 1)..];

    private static byte[] With(byte[] bytes, int at, byte value)
    {
        var changed = (byte[])bytes.Clone();
        changed[at] = value;
        return changed;
    }

    private static byte[] Replace(byte[] bytes, int at, int count, ReadOnlySpan<byte> by) =>
        [.. bytes.AsSpan(0, at), .. by, .. bytes.AsSpan(at + count)];
}
