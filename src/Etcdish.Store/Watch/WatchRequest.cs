namespace Etcdish.Store;

/// <summary>Which request a <see cref="WatchRequest"/> carries.</summary>
public enum WatchRequestKind
{
    /// <summary>None (or one of a later protocol): ignored, as etcd does.</summary>
    None,

    /// <summary>Begin a watcher.</summary>
    Create,

    /// <summary>End a watcher.</summary>
    Cancel,

    /// <summary>Ask how far the whole stream has come.</summary>
    Progress,
}

/// <summary>etcdserverpb.WatchRequest.</summary>
/// <param name="Kind">Which request it is.</param>
/// <param name="Create">The watcher to begin, when <paramref name="Kind"/> says so.</param>
/// <param name="CancelId">The watcher to end, when <paramref name="Kind"/> says so.</param>
public readonly record struct WatchRequest(WatchRequestKind Kind, WatchCreateRequest? Create, long CancelId);

/// <summary>etcdserverpb.WatchCreateRequest.</summary>
public sealed class WatchCreateRequest
{
    /// <summary>First key; empty means the smallest one.</summary>
    public byte[] Key { get; set; } = [];

    /// <summary>End of the range (exclusive); empty for a single key, one zero byte for all keys from <see cref="Key"/> on.</summary>
    public byte[] RangeEnd { get; set; } = [];

    /// <summary>First revision wanted, past or future; 0 for what comes after now.</summary>
    public long StartRevision { get; set; }

    /// <summary>Whether an idle watcher is told from time to time how far it has come.</summary>
    public bool ProgressNotify { get; set; }

    /// <summary>Whether puts are left out.</summary>
    public bool NoPut { get; set; }

    /// <summary>Whether deletions are left out.</summary>
    public bool NoDelete { get; set; }

    /// <summary>Whether events carry the pair as it was before.</summary>
    public bool PrevKv { get; set; }

    /// <summary>ID that the client wants, 0 for the next free one.</summary>
    public long WatchId { get; set; }

    /// <summary>Whether large responses may be split.</summary>
    public bool Fragment { get; set; }
}
