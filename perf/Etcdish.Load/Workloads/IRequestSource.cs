namespace Etcdish.Load.Workloads;

/// <summary>Makes requests for one connection and judges the answers.</summary>
internal interface IRequestSource
{
    /// <summary>The next request. The span is valid until the next call.</summary>
    ReadOnlySpan<byte> Next(out RequestKind kind);
}

/// <summary>A kind of call.</summary>
/// <param name="Path">HTTP/2 path.</param>
/// <param name="Writes">Moves the store's revision by one.</param>
/// <param name="MustReturnKeys">The answer must hold at least one key.</param>
internal sealed record RequestKind(string Path, bool Writes, bool MustReturnKeys)
{
    public static readonly RequestKind Put = new("/etcdserverpb.KV/Put", Writes: true, MustReturnKeys: false);
    public static readonly RequestKind Txn = new("/etcdserverpb.KV/Txn", Writes: true, MustReturnKeys: false);
    public static readonly RequestKind Range = new("/etcdserverpb.KV/Range", Writes: false, MustReturnKeys: true);
}
