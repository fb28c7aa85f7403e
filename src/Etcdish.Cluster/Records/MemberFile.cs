using System.Buffers.Binary;
using System.Text;
using Etcdish.Log;

namespace Etcdish.Cluster;

/// <summary>
/// The small file <c>member</c>: who this member is, its term and vote, and whether it waits to be filled again. The log has term and vote
/// too; this copy is for the day on which the log is damaged, when a member that forgot its vote could vote twice.
/// </summary>
/// <remarks>
/// Two copies, 4 KiB apart so that no device rewrites one while it writes the other. A write brings both up to date, one after the other,
/// each made durable: a crash in between leaves one of them sound, and so does damage to one at any other time. The newer sound one counts.
/// The file never changes its size, so writing it needs no space. Little endian:
/// <code>
/// offset  size  field
/// 0       8     magic "ETCDISHI"
/// 8       4     version, 1
/// 12      1     others vote: 0 or 1
/// 13      1     0: whole, 1: the log is damaged, 2: the damaged log is gone, and the group fills a new one
/// 14      2     zero
/// 16      8     sequence: writes so far
/// 24      8     cluster id
/// 32      8     member id
/// 40      8     term
/// 48      8     vote
/// 56      8     offset of the damage
/// 64      2+    length and UTF-8 bytes of the damaged file's name, then the same of the reason; zeros
/// 508     4     CRC-32C of the bytes before
/// </code>
/// </remarks>
internal sealed class MemberFile : IDisposable
{
    public const string Name = "member";
    private const int SlotBytes = 512;
    private const int SlotDistance = 4096;
    private const int Slots = 2;
    private const int TextsAt = 64;
    private const int ChecksumAt = SlotBytes - sizeof(uint);
    private const int MostNameBytes = 120;
    private const int MostReasonBytes = ChecksumAt - TextsAt - (2 * sizeof(ushort)) - MostNameBytes;
    private const uint Version = 1;
    private const ulong Magic = 0x4948_5349_4443_5445;

    private readonly IDiskFile _file;
    private readonly byte[] _slot = new byte[SlotBytes];
    private ulong _sequence;

    private MemberFile(IDiskFile file, MemberRecord current)
    {
        _file = file;
        Current = current;
    }

    /// <summary>What is durable in the file.</summary>
    public MemberRecord Current { get; private set; }

    /// <summary>One of the copies is not what the other is: a write was cut short, or it was damaged since.</summary>
    public bool IsWorn { get; private init; }

    /// <summary>
    /// Opens the file of a folder and reads what the device has of it; writes nothing, so that it may be done before the folder's lock is
    /// held.
    /// </summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="LogDamagedException">Neither copy is sound.</exception>
    /// <exception cref="InvalidDataException">A later version of this program wrote it.</exception>
    public static MemberFile? TryOpen(IDisk disk, string directory)
    {
        disk.CreateDirectory(directory);
        if (!disk.List(directory).Contains(Name))
        {
            return null;
        }

        string path = Path.Combine(directory, Name);
        IDiskFile file = disk.Open(path);
        try
        {
            // What a predecessor left in the cache is made durable; what its last sync failed to, the cache only pretends to have.
            file.Sync();
            file.RereadFromDevice();
            (MemberRecord? newest, ulong sequence, int copies) = Read(file, path);
            return newest is null
                ? throw new LogDamagedException(path, 0, "neither copy of the member's identity and vote matches its checksum")
                : new MemberFile(file, newest) { _sequence = sequence, IsWorn = copies < Slots };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes the file, or anew where a damaged one lies, durably. The folder's lock is held.</summary>
    public static MemberFile Create(IDisk disk, string directory, MemberRecord first)
    {
        string path = Path.Combine(directory, Name);
        string unfinished = path + ".tmp";
        IDiskFile file = disk.Create(unfinished);
        try
        {
            file.ZeroFill(Slots * SlotDistance);
            MemberFile made = new(file, first);
            made.Write(first);
            disk.Rename(unfinished, path);
            disk.SyncDirectory(directory);
            return made;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Makes a record durable in both copies.</summary>
    /// <exception cref="IOException">The disk failed. What is in the file is unknown: the member must stop.</exception>
    public void Write(MemberRecord record)
    {
        _sequence++;
        Encode(record, _sequence, _slot);
        for (int slot = 0; slot < Slots; slot++)
        {
            _file.Write(_slot, slot * SlotDistance);
            _file.Sync();
        }

        Current = record;
    }

    public void Dispose() => _file.Dispose();

    private static (MemberRecord? Newest, ulong Sequence, int Copies) Read(IDiskFile file, string path)
    {
        MemberRecord? newest = null;
        ulong newestSequence = 0;
        int copies = 0;
        byte[] bytes = new byte[SlotBytes];
        for (int slot = 0; slot < Slots; slot++)
        {
            Array.Clear(bytes);
            _ = file.Read(bytes, slot * SlotDistance);
            if (TryDecode(bytes, path, out MemberRecord? record, out ulong sequence) && sequence >= newestSequence)
            {
                copies = sequence == newestSequence ? copies + 1 : 1;
                (newest, newestSequence) = (record, sequence);
            }
        }

        return (newest, newestSequence, copies);
    }

    private static void Encode(MemberRecord record, ulong sequence, Span<byte> slot)
    {
        slot.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(slot[8..], Version);
        slot[12] = record.HasPeers ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(slot[16..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[24..], record.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[32..], record.MemberId);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[40..], record.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(slot[48..], record.Vote);
        if (record.Damage is { } damage)
        {
            slot[13] = damage.IsSetAside ? (byte)2 : (byte)1;
            BinaryPrimitives.WriteInt64LittleEndian(slot[56..], damage.Offset);
            int used = TextsAt + WriteText(damage.File, MostNameBytes, slot[TextsAt..]);
            WriteText(damage.Reason, MostReasonBytes, slot[used..]);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(slot[ChecksumAt..], Store.Crc32C.Compute(slot[..ChecksumAt]));
    }

    private static bool TryDecode(ReadOnlySpan<byte> slot, string path, out MemberRecord? record, out ulong sequence)
    {
        record = null;
        sequence = BinaryPrimitives.ReadUInt64LittleEndian(slot[16..]);
        if (BinaryPrimitives.ReadUInt64LittleEndian(slot) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(slot[ChecksumAt..]) != Store.Crc32C.Compute(slot[..ChecksumAt]))
        {
            return false;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(slot[8..]);
        if (version != Version)
        {
            throw new InvalidDataException($"{path} has version {version}; this program reads {Version}");
        }

        FoundDamage? damage = null;
        if (slot[13] != 0)
        {
            string file = ReadText(slot[TextsAt..], MostNameBytes, out int used);
            damage = new FoundDamage(
                file,
                BinaryPrimitives.ReadInt64LittleEndian(slot[56..]),
                ReadText(slot[(TextsAt + used)..], MostReasonBytes, out _),
                IsSetAside: slot[13] == 2);
        }

        record = new MemberRecord(
            BinaryPrimitives.ReadUInt64LittleEndian(slot[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(slot[48..]),
            slot[12] != 0,
            damage);
        return true;
    }

    private static int WriteText(string text, int most, Span<byte> destination)
    {
        Encoding.UTF8.GetEncoder().Convert(text, destination.Slice(sizeof(ushort), most), flush: true, out _, out int written, out _);
        BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)written);
        return sizeof(ushort) + written;
    }

    private static string ReadText(ReadOnlySpan<byte> source, int most, out int used)
    {
        int length = Math.Min(BinaryPrimitives.ReadUInt16LittleEndian(source), most);
        used = sizeof(ushort) + length;
        return Encoding.UTF8.GetString(source.Slice(sizeof(ushort), length));
    }
}
