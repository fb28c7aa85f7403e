using System.Buffers;
using System.Buffers.Binary;

namespace Etcdish.Store;

/// <summary>Gathers the payload of one frame and sends it, whole, by a single advance of the output.</summary>
internal sealed class CheckpointFrame(IBufferWriter<byte> output)
{
    private readonly ArrayBufferWriter<byte> _payload = new(CheckpointFormat.FrameTargetBytes + 4096);

    public bool IsFull => _payload.WrittenCount >= CheckpointFormat.FrameTargetBytes;

    public void Begin(CheckpointFrameKind kind)
    {
        _payload.ResetWrittenCount();
        WriteByte((byte)kind);
    }

    /// <summary>Sends the frame, unless nothing was written since <see cref="Begin"/>.</summary>
    public void Send()
    {
        if (_payload.WrittenCount <= 1)
        {
            return;
        }

        var payload = _payload.WrittenSpan;
        var frame = output.GetSpan(CheckpointFormat.FrameHeadBytes + payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, (uint)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Crc32C.Compute(payload));
        payload.CopyTo(frame[CheckpointFormat.FrameHeadBytes..]);
        output.Advance(CheckpointFormat.FrameHeadBytes + payload.Length);
    }

    /// <summary>Room for so many bytes, of which <see cref="Wrote"/> tells how many were needed.</summary>
    public Span<byte> Reserve(int bytes) => _payload.GetSpan(bytes);

    public void Wrote(int bytes) => _payload.Advance(bytes);

    public void WriteByte(byte value)
    {
        _payload.GetSpan(1)[0] = value;
        _payload.Advance(1);
    }

    public void WriteVarint(ulong value) => _payload.Advance(ProtoFields.WriteVarint(_payload.GetSpan(10), value));

    public void WriteVarint(long value) => WriteVarint((ulong)value);

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_payload.GetSpan(sizeof(uint)), value);
        _payload.Advance(sizeof(uint));
    }

    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_payload.GetSpan(sizeof(ulong)), value);
        _payload.Advance(sizeof(ulong));
    }

    public void WriteBytes(ReadOnlySpan<byte> bytes) => _payload.Write(bytes);
}
