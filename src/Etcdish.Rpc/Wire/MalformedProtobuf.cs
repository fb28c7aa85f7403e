using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// Stands before the protobuf parser, whose arithmetic overflows when a field's length comes close to 2 GiB: other exceptions than its own
/// escape then, and a request of 164 bytes made it allocate 675 MB. A stranger's bytes shall neither look like a bug of ours nor cost that.
/// </summary>
internal static class MalformedProtobuf
{
    private const int MaxDepth = 100;

    /// <summary>Whether an exception of a parse means that the bytes are malformed.</summary>
    public static bool IsSignOf(Exception exception) =>
        exception is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentOutOfRangeException;

    /// <summary>
    /// Whether each length in the message, and in the messages within it, stays inside what holds it. What else may be wrong is left to
    /// the parser.
    /// </summary>
    /// <param name="message">The encoded message.</param>
    /// <param name="descriptor">Tells which fields are messages.</param>
    public static bool LengthsFit(ReadOnlySpan<byte> message, MessageDescriptor descriptor) => LengthsFit(message, descriptor, MaxDepth);

    private static bool LengthsFit(ReadOnlySpan<byte> rest, MessageDescriptor descriptor, int depth)
    {
        while (rest.Length > 0 && TryReadVarint(ref rest, out ulong tag))
        {
            switch (tag & 7)
            {
                case 0:
                    if (!TryReadVarint(ref rest, out _))
                    {
                        return true;
                    }

                    break;
                case 1:
                    rest = rest[Math.Min(8, rest.Length)..];
                    break;
                case 5:
                    rest = rest[Math.Min(4, rest.Length)..];
                    break;
                case 2:
                    if (!FieldFits(ref rest, descriptor.FindFieldByNumber((int)Math.Min(tag >> 3, int.MaxValue)), depth))
                    {
                        return false;
                    }

                    break;
                default:
                    // Groups are not used here: the parser skips or refuses them by itself, at the depth it bounds.
                    return true;
            }
        }

        return true;
    }

    private static bool FieldFits(ref ReadOnlySpan<byte> rest, FieldDescriptor? field, int depth)
    {
        if (!TryReadVarint(ref rest, out ulong length))
        {
            return true;
        }

        if (length > (ulong)rest.Length)
        {
            return false;
        }

        ReadOnlySpan<byte> content = rest[..(int)length];
        rest = rest[(int)length..];
        return field is not { FieldType: FieldType.Message } || depth == 0 || LengthsFit(content, field.MessageType, depth - 1);
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (int i = 0; i < rest.Length && i < 10; i++)
        {
            value |= (ulong)(rest[i] & 0x7f) << (7 * i);
            if (rest[i] < 0x80)
            {
                rest = rest[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
