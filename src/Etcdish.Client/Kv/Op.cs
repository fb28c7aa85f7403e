using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client;

/// <summary>Operations of a transaction.</summary>
public static class Op
{
    /// <summary>Reads one key.</summary>
    public static RequestOp Get(ByteString key) => new() { RequestRange = new RangeRequest { Key = key } };

    /// <summary>Reads keys.</summary>
    public static RequestOp Range(RangeRequest request) => new() { RequestRange = request };

    /// <summary>Writes a key.</summary>
    public static RequestOp Put(ByteString key, ByteString value) => new() { RequestPut = new PutRequest { Key = key, Value = value } };

    /// <summary>Writes a key.</summary>
    public static RequestOp Put(PutRequest request) => new() { RequestPut = request };

    /// <summary>Deletes keys.</summary>
    public static RequestOp Delete(KeyRange range) =>
        new() { RequestDeleteRange = new DeleteRangeRequest { Key = range.Key, RangeEnd = range.End } };
}
