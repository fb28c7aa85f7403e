namespace Etcdish.Checkers;

/// <summary>A key as a reply or an event showed it. Values are short unique texts, not real payloads.</summary>
public sealed record KeyValue(string Key, string Value, long CreateRevision, long ModRevision, long Version, long Lease = 0)
{
    public override string ToString()
    {
        string lease = Lease == 0 ? "" : $" lease {Lease}";
        return $"{Key}={Value} (create {CreateRevision}, mod {ModRevision}, version {Version}{lease})";
    }
}

/// <summary>
/// One change of one key, as a watch delivers it. A delete carries only key and mod revision in <paramref name="Kv"/>.
/// </summary>
public sealed record WatchEvent(bool IsDelete, KeyValue Kv, KeyValue? PrevKv = null)
{
    public long Revision => Kv.ModRevision;

    public static WatchEvent Put(KeyValue kv) => new(false, kv);

    public static WatchEvent Delete(string key, long revision) => new(true, new KeyValue(key, "", 0, revision, 0));

    public override string ToString() => IsDelete ? $"delete {Kv.Key} at {Kv.ModRevision}" : $"put {Kv}";
}
