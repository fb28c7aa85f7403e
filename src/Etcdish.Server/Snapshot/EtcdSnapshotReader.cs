using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Etcdish.Server.Snapshot.Bolt;
using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// Reads a snapshot that etcd or we made: what `snapshot restore` and `snapshot status` need. Every method throws
/// <see cref="InvalidDataException"/> with the file offset when the file is damaged. One thread at a time.
/// </summary>
internal sealed class EtcdSnapshotReader : IDisposable
{
    private const int ChecksumLength = 32;
    private const int SectorLength = 512;

    private readonly Stream _stream;

    /// <summary>Opens a snapshot and verifies its checksum.</summary>
    /// <param name="stream">The snapshot, able to seek; it is closed with the reader, also when opening fails.</param>
    /// <param name="skipChecksum">
    /// Whether to go without the SHA-256 at the end, which a file copied from a data directory lacks; one that is there is not looked at.
    /// </param>
    /// <exception cref="InvalidDataException">The checksum is missing or wrong, or the file is damaged.</exception>
    public EtcdSnapshotReader(Stream stream, bool skipChecksum)
    {
        _stream = stream;
        try
        {
            bool hasChecksum = stream.Length % SectorLength == ChecksumLength;
            long length = stream.Length - (hasChecksum ? ChecksumLength : 0);
            if (!skipChecksum)
                VerifyChecksum(hasChecksum, length);
            Database = new BoltFileReader(stream, length);
            FinishedCompaction = ReadCompaction(EtcdSchema.FinishedCompaction);
            ScheduledCompaction = ReadCompaction(EtcdSchema.ScheduledCompaction);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>The database itself.</summary>
    public BoltFileReader Database { get; }

    /// <summary>Revision of the last compaction that was carried through, 0 for none.</summary>
    public long FinishedCompaction { get; }

    /// <summary>
    /// Revision of the last compaction that was begun, 0 for none. When it is above <see cref="FinishedCompaction"/>, changes below it may
    /// still be in the file, and whoever imports them must compact at it.
    /// </summary>
    public long ScheduledCompaction { get; }

    /// <summary>The revision below which history must not be served, 0 for none.</summary>
    public long CompactedRevision => Math.Max(FinishedCompaction, ScheduledCompaction);

    /// <summary>Whether authentication is switched on; an import that cannot keep it must refuse, lest all data lies open.</summary>
    public bool IsAuthEnabled => Find(EtcdSchema.AuthBucket, EtcdSchema.AuthEnabled) is { IsEmpty: false } flag && flag.Span[0] == 1;

    /// <summary>Version of the storage layout, null when the file is of etcd before 3.6.</summary>
    public string? StorageVersion
        => Find(EtcdSchema.MetaBucket, EtcdSchema.StorageVersionKey) is { } version ? Encoding.UTF8.GetString(version.Span) : null;

    /// <summary>Opens a snapshot file; see the constructor.</summary>
    public static EtcdSnapshotReader Open(string path, bool skipChecksum = false)
        => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), skipChecksum);

    /// <summary>Starts at the first change of the history.</summary>
    public EtcdRevisionReader OpenRevisions() => new(Database.OpenBucket(EtcdSchema.KeyBucket));

    /// <summary>All leases in the order of their IDs' bytes.</summary>
    public IEnumerable<LeaseInfo> ReadLeases()
    {
        BoltTreeReader pairs = Database.OpenBucket(EtcdSchema.LeaseBucket);
        while (pairs.MoveNext())
        {
            long[] fields = Numbers(pairs.Value, pairs.ValueOffset, last: 3);
            if (pairs.Key.Length != 8 || BinaryPrimitives.ReadInt64BigEndian(pairs.Key.Span) != fields[1] || fields[1] == 0)
                throw BoltNode.Damage(pairs.KeyOffset, "a lease's key is not its ID");
            if (fields[2] <= 0 || fields[3] < 0)
                throw BoltNode.Damage(pairs.ValueOffset, "a lease without time to live");
            yield return new LeaseInfo(fields[1], fields[2], fields[3]);
        }
    }

    /// <summary>All raised alarms.</summary>
    public IEnumerable<AlarmMember> ReadAlarms()
    {
        BoltTreeReader pairs = Database.OpenBucket(EtcdSchema.AlarmBucket);
        while (pairs.MoveNext())
        {
            long[] fields = Numbers(pairs.Key, pairs.KeyOffset, last: 2);
            yield return new AlarmMember((ulong)fields[1], (AlarmType)fields[2]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void VerifyChecksum(bool hasChecksum, long length)
    {
        if (!hasChecksum)
            throw BoltNode.Damage(_stream.Length, "the SHA-256 at the end is missing, or the file is cut off");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 17];
        _stream.Position = 0;
        for (long left = length; left > 0;)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            _stream.ReadExactly(part);
            hash.AppendData(part);
            left -= part.Length;
        }

        byte[] expected = new byte[ChecksumLength];
        _stream.ReadExactly(expected);
        if (!hash.GetHashAndReset().AsSpan().SequenceEqual(expected))
            throw BoltNode.Damage(length, "the SHA-256 at the end does not match the bytes before it");
    }

    private long ReadCompaction(string key)
    {
        if (Find(EtcdSchema.MetaBucket, key) is not { } value)
            return 0;
        if (!RevisionKey.TryRead(value.Span, out long main, out _, out bool isTombstone) || isTombstone)
            throw BoltNode.Damage(0, $"the pair {key} of the bucket {EtcdSchema.MetaBucket} is no revision");
        return main;
    }

    private ReadOnlyMemory<byte>? Find(string bucket, string key)
    {
        ReadOnlySpan<byte> wanted = Encoding.UTF8.GetBytes(key);
        BoltTreeReader pairs = Database.OpenBucket(bucket);
        while (pairs.MoveNext())
        {
            if (pairs.Key.Span.SequenceEqual(wanted))
                return pairs.Value;
        }

        return null;
    }

    private static long[] Numbers(ReadOnlyMemory<byte> message, long offset, int last)
    {
        long[] numbers = new long[last + 1];
        var fields = new ProtoFieldReader(message);
        while (fields.MoveNext())
        {
            ulong number = fields.Tag >> 3;
            if ((fields.Tag & 7) == Varint.WireVarint && number <= (ulong)last)
                numbers[number] = fields.Number;
        }

        return fields.IsDamaged ? throw BoltNode.Damage(offset, "a message is not valid protobuf") : numbers;
    }
}
