using System.Buffers.Binary;

namespace Etcdish.Fuzz.Inputs;

/// <summary>
/// Damage to large files as a short input: seven bytes for each change, namely file (1), offset (4, little-endian), kind (1) and value (1).
/// Numbers out of range are taken modulo what there is, so any bytes are a list of edits.
/// </summary>
internal static class Edits
{
    private const int EditBytes = 7;
    private const int CutKind = 15;

    /// <summary>Makes up to six edits, half of them in the first bytes of some 4 KiB page, where headers are.</summary>
    public static byte[] MakeInput(Random random, IReadOnlyList<byte[]> files)
    {
        var input = new byte[random.Next(7) * EditBytes];
        for (var at = 0; at < input.Length; at += EditBytes)
        {
            var file = random.Next(files.Count);
            var offset = random.Next(files[file].Length);
            offset = random.Next(2) == 0 ? offset : offset / 4096 * 4096 + random.Next(96);
            input[at] = (byte)file;
            BinaryPrimitives.WriteInt32LittleEndian(input.AsSpan(at + 1), offset);
            input[at + 5] = (byte)random.Next(CutKind + 1);
            input[at + 6] = (byte)random.Next(256);
        }

        return input;
    }

    /// <summary>Copies the files and changes the copies.</summary>
    public static byte[][] Apply(ReadOnlySpan<byte> input, IReadOnlyList<byte[]> files)
    {
        var changed = new byte[files.Count][];
        for (var i = 0; i < changed.Length; i++)
        {
            changed[i] = (byte[])files[i].Clone();
        }

        for (; input.Length >= EditBytes; input = input[EditBytes..])
        {
            ref var file = ref changed[input[0] % changed.Length];
            if (file.Length > 0)
            {
                var offset = (int)(BinaryPrimitives.ReadUInt32LittleEndian(input[1..]) % (uint)file.Length);
                Apply(ref file, offset, input[5], input[6]);
            }
        }

        return changed;
    }

    private static void Apply(ref byte[] file, int offset, byte kind, byte value)
    {
        switch (kind)
        {
            case CutKind:
                file = file[..offset];
                break;
            case < 4:
                file[offset] ^= (byte)(1 << (value & 7));
                break;
            case < 8:
                file[offset] = (byte)(value < 128 ? 0 : 0xFF);
                break;
            case < 10:
                file.AsSpan(offset, Math.Min(value, file.Length - offset)).Clear();
                break;
            default:
                file[offset] = value;
                break;
        }
    }
}
