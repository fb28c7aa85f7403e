using System.Buffers;

namespace Etcdish.Store;

/// <summary>etcdserverpb.ResponseHeader.</summary>
/// <param name="ClusterId">ID of the cluster.</param>
/// <param name="MemberId">ID of the answering member.</param>
/// <param name="Revision">The store's revision when the request was applied.</param>
/// <param name="RaftTerm">The term then.</param>
public readonly record struct ResponseHeader(ulong ClusterId, ulong MemberId, long Revision, ulong RaftTerm)
{
    /// <summary>Bytes of the message.</summary>
    public int Size() => Proto.SizeOf(ClusterId) + Proto.SizeOf(MemberId) + Proto.SizeOf(Revision) + Proto.SizeOf(RaftTerm);

    /// <summary>Bytes of the message as the first field of a response, which is there even when it is empty.</summary>
    internal int FieldSize() => Proto.LengthDelimitedSize(Size());

    /// <summary>Writes the message as the first field of a response.</summary>
    internal void WriteField(IBufferWriter<byte> output)
    {
        Proto.WriteLength(output, 1, Size());
        Proto.Write(output, 1, ClusterId);
        Proto.Write(output, 2, MemberId);
        Proto.Write(output, 3, Revision);
        Proto.Write(output, 4, RaftTerm);
    }
}
