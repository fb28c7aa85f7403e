using System.Buffers.Binary;

namespace Etcdish.Log;

/// <summary>
/// A checkpoint that was read from end to end and found whole. Its content is handed out block by block, and checked again on the way, so
/// that no byte reaches the caller that was not just verified.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private readonly string _path;
    private readonly IDiskFile _file;
    private readonly CheckpointHeader _header;
    private readonly BlockReader _blocks;

    private Checkpoint(string path, IDiskFile file, in CheckpointHeader header)
    {
        _path = path;
        _file = file;
        _header = header;
        _blocks = new BlockReader(file, header.Identity.Salt);
    }

    /// <summary>Index of the last entry that the content includes.</summary>
    public ulong AppliedIndex => _header.AppliedIndex;

    /// <summary>Where <see cref="SegmentedLog.Replay"/> goes on from.</summary>
    public LogPosition ReplayFrom => _header.ReplayFrom;

    /// <summary>Bytes of content.</summary>
    public long ContentBytes { get; private init; }

    /// <summary>The next block of the content, in the order written; false after the last.</summary>
    /// <param name="block">Valid until the next call.</param>
    /// <exception cref="LogDamagedException">The block reads differently from when the file was opened.</exception>
    public bool TryReadBlock(out ReadOnlySpan<byte> block) =>
        _blocks.Next(out block) switch
        {
            BlockState.Sound => true,
            BlockState.End => false,
            _ => throw new LogDamagedException(_path, _blocks.Position, "a block of the checkpoint does not match its checksum"),
        };

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Opens and verifies a checkpoint; null, with the offset, when anything about it is wrong.</summary>
    internal static Checkpoint? TryOpen(IDisk disk, string path, ulong appliedIndex, LogOptions options, out long damagedAt)
    {
        damagedAt = 0;
        IDiskFile file = disk.Open(path);
        try
        {
            file.Sync();
            Span<byte> bytes = stackalloc byte[CheckpointFormat.HeaderBytes];
            bytes.Clear();
            _ = file.Read(bytes, 0);
            if (CheckpointFormat.ReadHeader(bytes) is { } header && header.AppliedIndex == appliedIndex && BelongsTo(header, options))
            {
                var verifier = new BlockReader(file, header.Identity.Salt);
                BlockState state;
                do
                {
                    state = verifier.Next(out _);
                }
                while (state == BlockState.Sound);

                if (state == BlockState.End)
                {
                    return new Checkpoint(path, file, header) { ContentBytes = verifier.ContentBytes };
                }

                damagedAt = verifier.Position;
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        file.Dispose();
        return null;
    }

    private static bool BelongsTo(in CheckpointHeader header, LogOptions options) =>
        (options.ClusterId == 0 || header.Identity.ClusterId == options.ClusterId)
        && (options.MemberId == 0 || header.Identity.MemberId == options.MemberId);

    private enum BlockState
    {
        Sound,
        End,
        Bad,
    }

    private sealed class BlockReader(IDiskFile file, ulong salt)
    {
        private readonly long _length = file.Length;
        private byte[] _buffer = [];
        private ulong _blocks;

        internal long Position { get; private set; } = CheckpointFormat.HeaderBytes;

        internal long ContentBytes { get; private set; }

        internal BlockState Next(out ReadOnlySpan<byte> block)
        {
            block = default;
            Span<byte> head = stackalloc byte[CheckpointFormat.TrailerBytes];
            head.Clear();
            var read = file.Read(head, Position);
            var length = BinaryPrimitives.ReadInt32LittleEndian(head);
            if (length == 0)
            {
                var isWhole = read == head.Length
                    && Position + read == _length
                    && CheckpointFormat.TrailerMatches(head, salt, ContentBytes, _blocks);
                return isWhole ? BlockState.End : BlockState.Bad;
            }

            if (length < 0 || length > _length - Position - CheckpointFormat.BlockHeaderBytes)
            {
                return BlockState.Bad;
            }

            if (_buffer.Length < length)
            {
                _buffer = GC.AllocateUninitializedArray<byte>(length);
            }

            Span<byte> content = _buffer.AsSpan(0, length);
            if (file.Read(content, Position + CheckpointFormat.BlockHeaderBytes) < length
                || BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) != CheckpointFormat.BlockChecksum(salt, _blocks, content))
            {
                return BlockState.Bad;
            }

            Position += CheckpointFormat.BlockHeaderBytes + length;
            ContentBytes += length;
            _blocks++;
            block = content;
            return BlockState.Sound;
        }
    }
}
