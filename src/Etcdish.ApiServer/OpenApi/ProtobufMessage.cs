using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>A protobuf message in the making. For documents, which are made once: a part is copied into the message around it.</summary>
internal sealed class ProtobufMessage
{
    private const int Varint = 0;
    private const int Fixed64 = 1;
    private const int Bytes = 2;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void Write(int number, string value)
    {
        WriteTag(number, Bytes);
        WriteVarint((ulong)Encoding.UTF8.GetByteCount(value));
        Encoding.UTF8.GetBytes(value, _buffer);
    }

    public void Write(int number, bool value)
    {
        WriteTag(number, Varint);
        WriteVarint(value ? 1u : 0u);
    }

    public void Write(int number, long value)
    {
        WriteTag(number, Varint);
        WriteVarint((ulong)value);
    }

    public void Write(int number, double value)
    {
        WriteTag(number, Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(_buffer.GetSpan(sizeof(double)), value);
        _buffer.Advance(sizeof(double));
    }

    public void Write(int number, ProtobufMessage value)
    {
        WriteTag(number, Bytes);
        WriteVarint((ulong)value.Written.Length);
        _buffer.Write(value.Written);
    }

    private void WriteTag(int number, int wire) => WriteVarint((uint)((number << 3) | wire));

    private void WriteVarint(ulong value)
    {
        const int Longest = 10;
        var span = _buffer.GetSpan(Longest);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        _buffer.Advance(length);
    }
}
