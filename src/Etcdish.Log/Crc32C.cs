using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Etcdish.Log;

/// <summary>
/// CRC-32C (Castagnoli), eight bytes a step on the processor's own instruction. <see cref="Compute"/> is the checksum as the field
/// writes it (check value e3069283 for "123456789"); <see cref="Append(uint, ReadOnlySpan{byte})"/> is the bare register, without the
/// inversion before and after, for chaining and seeding.
/// </summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="bytes"/>, with the customary inversion at both ends.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Append(uint.MaxValue, bytes);

    /// <summary>The register after <paramref name="bytes"/> when it stood at <paramref name="register"/> before.</summary>
    public static uint Append(uint register, ReadOnlySpan<byte> bytes)
    {
        if (BitConverter.IsLittleEndian)
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
            foreach (ulong word in words)
            {
                register = BitOperations.Crc32C(register, word);
            }

            bytes = bytes[(words.Length * sizeof(ulong))..];
        }

        while (bytes.Length >= sizeof(ulong))
        {
            register = BitOperations.Crc32C(register, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (byte value in bytes)
        {
            register = BitOperations.Crc32C(register, value);
        }

        return register;
    }

    /// <summary>The register after the eight little-endian bytes of <paramref name="word"/>.</summary>
    public static uint Append(uint register, ulong word) => BitOperations.Crc32C(register, word);
}
