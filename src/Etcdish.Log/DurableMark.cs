using System.Buffers.Binary;

namespace Etcdish.Log;

/// <summary>
/// The small file <c>durable.mark</c>: identity of the log, and how far it was durable. After each successful sync of the log the new end
/// is written into one of two slots in turn, and not synced: a mark can be lost with the power, but a mark that is there tells the truth.
/// </summary>
/// <remarks>
/// <code>
/// Identity, at 0                        Slot, at 4096 and at 8192
///  0  8  magic "ETCDISHM"                0  4  segment
///  8  4  format version                  4  4  offset of the end within it
/// 12  4  zero                            8  8  sequence: frames in the whole log so far
/// 16  8  cluster id                     16  4  chain of the last frame
/// 24  8  member id                      20  4  CRC32C of bytes 0..19, register seeded with the salt
/// 32  8  salt
/// 40  4  CRC32C of bytes 0..39
/// </code>
/// The parts are 4 KiB apart so that no device rewrites one while it writes another. The file never changes its size.
/// </remarks>
internal sealed class DurableMark : IDisposable
{
    internal const string FileName = "durable.mark";
    internal const int FileBytes = 3 * PartBytes;
    internal const int PartBytes = 4096;
    internal const int SlotBytes = 24;

    private const int IdentityBytes = 44;
    private const ulong Magic = 0x4D48_5349_4443_5445;

    private readonly IDiskFile _file;
    private readonly byte[] _buffer = new byte[SlotBytes];
    private int _nextSlot;

    private DurableMark(IDiskFile file, LogIdentity identity)
    {
        _file = file;
        Identity = identity;
    }

    internal LogIdentity Identity { get; }

    /// <summary>The furthest end that is known to have been durable; default when none was recorded.</summary>
    internal DurableEnd Last { get; private set; }

    /// <summary>Whether anything, sound or not, was ever recorded.</summary>
    internal bool EverWritten { get; private set; }

    internal static DurableMark Create(IDisk disk, string directory, LogIdentity identity)
    {
        var path = Path.Combine(directory, FileName);
        IDiskFile file = disk.Create(path + ".tmp");
        Span<byte> bytes = stackalloc byte[IdentityBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], LogFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], identity.MemberId);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[32..], identity.Salt);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[40..], Crc32C.Compute(bytes[..40]));
        file.ZeroFill(FileBytes);
        file.Write(bytes, 0);
        file.Sync();
        disk.Rename(path + ".tmp", path);
        disk.SyncDirectory(directory);
        return new DurableMark(file, identity);
    }

    internal static DurableMark Open(IDisk disk, string directory)
    {
        var path = Path.Combine(directory, FileName);
        IDiskFile file = disk.Open(path);
        try
        {
            Span<byte> bytes = stackalloc byte[IdentityBytes];
            if (file.Read(bytes, 0) < IdentityBytes
                || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
                || BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]) != Crc32C.Compute(bytes[..40]))
            {
                throw new LogDamagedException(path, 0, "the identity of the log does not match its checksum");
            }

            var version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            if (version != LogFormat.Version)
            {
                throw new LogIdentityException($"{path} has log format {version}; this version reads format {LogFormat.Version}");
            }

            var mark = new DurableMark(file, new LogIdentity(
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(bytes[32..])));
            mark.ReadSlots();
            return mark;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Records that the log is durable up to <paramref name="end"/>; to be called only after it is.</summary>
    internal void Write(in DurableEnd end)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, end.Position.Segment);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(4), end.Position.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(8), end.Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(16), end.Chain);
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(20), Checksum(_buffer));
        _file.Write(_buffer, SlotOffset(_nextSlot));
        _nextSlot ^= 1;
        Last = end;
        EverWritten = true;
    }

    internal void Sync() => _file.Sync();

    public void Dispose() => _file.Dispose();

    private static int SlotOffset(int slot) => (slot + 1) * PartBytes;

    private uint Checksum(ReadOnlySpan<byte> slot) => Crc32C.Append(Crc32C.Append(uint.MaxValue, Identity.Salt), slot[..20]);

    private void ReadSlots()
    {
        for (var slot = 0; slot < 2; slot++)
        {
            Span<byte> bytes = _buffer;
            bytes.Clear();
            _ = _file.Read(bytes, SlotOffset(slot));
            EverWritten |= bytes.ContainsAnyExcept((byte)0);
            var position = new LogPosition(
                BinaryPrimitives.ReadUInt32LittleEndian(bytes), BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
            if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]) == Checksum(bytes) && position > Last.Position)
            {
                Last = new DurableEnd(
                    position, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]));
                _nextSlot = slot ^ 1;
            }
        }
    }
}

/// <summary>An end of the log with what continues from it: the number of frames before it and the chain of the last one.</summary>
internal readonly record struct DurableEnd(LogPosition Position, ulong Sequence, uint Chain);
