namespace Etcdish.Load.Http2;

/// <summary>Numbers of the fields of HPACK's static table that a request refers to (RFC 7541, appendix A).</summary>
internal static class StaticFields
{
    public const int Count = Rpc.Http2.HpackStaticTable.Count;
    public const int Authority = 1;
    public const int MethodPost = 3;
    public const int Path = 4;
    public const int SchemeHttp = 6;
    public const int ContentType = 31;
}
