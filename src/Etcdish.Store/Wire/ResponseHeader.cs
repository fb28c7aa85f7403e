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
    public int Size() =>
        ProtoFields.SizeOf(ClusterId) + ProtoFields.SizeOf(MemberId) + ProtoFields.SizeOf(Revision) + ProtoFields.SizeOf(RaftTerm);

    /// <summary>Bytes of the message as the first field of a response, which is there even when it is empty.</summary>
    internal int FieldSize() => ProtoFields.LengthDelimitedSize(Size());

    /// <summary>Writes the message as the first field of a response.</summary>
    internal void WriteField(IBufferWriter<byte> output)
    {
        ProtoFields.WriteLength(output, 1, Size());
        ProtoFields.Write(output, 1, ClusterId);
        ProtoFields.Write(output, 2, MemberId);
        ProtoFields.Write(output, 3, Revision);
        ProtoFields.Write(output, 4, RaftTerm);
    }
}
