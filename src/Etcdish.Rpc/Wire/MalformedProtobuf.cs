using Google.Protobuf;

namespace Etcdish.Rpc.Wire;

/// <summary>
/// How the protobuf parser says that bytes are no message. Beside its own exception it lets two others escape when a field's length comes
/// close to 2 GiB and overflows its arithmetic; a stranger's bytes shall not look like a bug of ours.
/// </summary>
internal static class MalformedProtobuf
{
    /// <summary>Whether an exception of a parse means that the bytes are malformed.</summary>
    public static bool IsSignOf(Exception exception) =>
        exception is InvalidProtocolBufferException or IndexOutOfRangeException or ArgumentOutOfRangeException;
}
