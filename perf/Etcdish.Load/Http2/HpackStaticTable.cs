using static Etcdish.Load.Http2.HpackDecoder;

namespace Etcdish.Load.Http2;

/// <summary>The fields that every header block may refer to by number (RFC 7541, appendix A).</summary>
internal static class HpackStaticTable
{
    public const int Count = Rpc.Http2.HpackStaticTable.Count;
    public const int Authority = 1;
    public const int MethodPost = 3;
    public const int Path = 4;
    public const int SchemeHttp = 6;
    public const int ContentType = 31;

    /// <summary>By index; place 0 is not used. They are the RPC layer's, with what they mean to a client worked out.</summary>
    public static readonly Field[] Fields = [new("", ""), .. Enumerable.Range(1, Count).Select(FieldAt)];

    private static Field FieldAt(int index)
    {
        Rpc.Http2.HeaderField field = Rpc.Http2.HpackStaticTable.Get(index);
        return new Field(field.Name, field.Value);
    }
}
