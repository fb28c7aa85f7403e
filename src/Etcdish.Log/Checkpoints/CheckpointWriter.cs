using System.Buffers;

namespace Etcdish.Log;

/// <summary>
/// Where the content of a checkpoint is written to. Bytes obtained by one <see cref="GetSpan"/> or <see cref="GetMemory"/> and confirmed by
/// one <see cref="Advance"/> are never split between two blocks, so a reader that gets whole blocks gets whole items.
/// </summary>
public sealed class CheckpointWriter : IBufferWriter<byte>
{
    private const int BlockBytes = 1 << 20;

    // Between the syncs of the log that go on beside it, the disk should not have to swallow a whole checkpoint at once.
    private const int SyncEveryBytes = 8 << 20;

    private readonly IDiskFile _file;
    private readonly ulong _salt;
    private byte[] _block = ArrayPool<byte>.Shared.Rent(BlockBytes);
    private int _length = CheckpointFormat.BlockHeaderBytes;
    private long _position;
    private long _syncedPosition;
    private ulong _blocks;

    internal CheckpointWriter(IDiskFile file, in CheckpointHeader header)
    {
        _file = file;
        _salt = header.Identity.Salt;
        CheckpointFormat.WriteHeader(_block, header);
        _file.Write(_block.AsSpan(0, CheckpointFormat.HeaderBytes), 0);
        _position = CheckpointFormat.HeaderBytes;
    }

    /// <summary>Content bytes written so far.</summary>
    public long ContentBytes { get; private set; }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(Math.Max(1, sizeHint));
        return _block.AsSpan(_length);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(Math.Max(1, sizeHint));
        return _block.AsMemory(_length);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _block.Length - _length);
        _length += count;
        ContentBytes += count;
    }

    internal void Complete()
    {
        FlushBlock();
        Span<byte> trailer = stackalloc byte[CheckpointFormat.TrailerBytes];
        CheckpointFormat.WriteTrailer(trailer, _salt, ContentBytes, _blocks);
        _file.Write(trailer, _position);
        _file.Sync();
    }

    /// <summary>Gives the buffer back; the writer is of no use any more.</summary>
    internal void Release()
    {
        ArrayPool<byte>.Shared.Return(_block);
        _block = [];
    }

    private void MakeRoom(int count)
    {
        if (_block.Length - _length >= count)
        {
            return;
        }

        FlushBlock();
        if (_block.Length - _length < count)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(checked(count + CheckpointFormat.BlockHeaderBytes));
            ArrayPool<byte>.Shared.Return(_block);
            _block = larger;
        }
    }

    private void FlushBlock()
    {
        if (_length == CheckpointFormat.BlockHeaderBytes)
        {
            return;
        }

        Span<byte> block = _block.AsSpan(0, _length);
        CheckpointFormat.WriteBlockHeader(block, _salt, _blocks, block[CheckpointFormat.BlockHeaderBytes..]);
        _file.Write(block, _position);
        _position += _length;
        _length = CheckpointFormat.BlockHeaderBytes;
        _blocks++;
        if (_position - _syncedPosition >= SyncEveryBytes)
        {
            _file.Sync();
            _syncedPosition = _position;
        }
    }
}
