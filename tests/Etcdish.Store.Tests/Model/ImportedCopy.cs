namespace Etcdish.Store.Tests;

/// <summary>A store's state as import entries.</summary>
internal static class ImportedCopy
{
    /// <summary>Appends the entries to the log, from index 1 on, as if it began with them.</summary>
    public static List<StoreEntry> Entries(RevisionStore store, TestLog log, int itemsPerEntry)
    {
        using var checkpoint = store.CaptureCheckpoint();
        var versions = new List<KeyRevision>();
        checkpoint.CollectVersions(versions);
        versions.Sort(static (a, b) => (a.ModRevision, a.SubRevision).CompareTo((b.ModRevision, b.SubRevision)));
        log.LastIndex = 0;
        List<StoreEntry> entries = [.. Entries(versions, log, itemsPerEntry), .. Entries(checkpoint.Leases, log, itemsPerEntry)];
        var end = new ImportEnd(
            checkpoint.Revision, checkpoint.CompactedRevision, versions.Count, checkpoint.Leases.Count, checkpoint.Alarms);
        entries.Add(End(end, log));
        return entries;
    }

    public static StoreEntry Versions(TestLog log, params ImportedVersion[] versions) => log.Append(EntryKind.Import, output =>
    {
        ImportEncoder.WriteHead(ImportPart.Versions, output);
        foreach (var version in versions)
        {
            ImportEncoder.Write(version, output);
        }
    });

    public static StoreEntry Leases(TestLog log, params LeaseInfo[] leases) => log.Append(EntryKind.Import, output =>
    {
        ImportEncoder.WriteHead(ImportPart.Leases, output);
        foreach (var lease in leases)
        {
            ImportEncoder.Write(lease, output);
        }
    });

    public static StoreEntry End(ImportEnd end, TestLog log) => log.Append(EntryKind.Import, output =>
    {
        ImportEncoder.WriteHead(ImportPart.End, output);
        ImportEncoder.Write(end, output);
    });

    private static IEnumerable<StoreEntry> Entries(IEnumerable<KeyRevision> versions, TestLog log, int itemsPerEntry) =>
        versions.Select(version => Of(version, log)).Chunk(itemsPerEntry).Select(chunk => Versions(log, chunk));

    private static IEnumerable<StoreEntry> Entries(IEnumerable<LeaseInfo> leases, TestLog log, int itemsPerEntry) =>
        leases.Chunk(itemsPerEntry).Select(chunk => Leases(log, chunk));

    private static ImportedVersion Of(KeyRevision version, TestLog log) => new(
        version.ModRevision,
        version.SubRevision,
        version.IsTombstone,
        version.Key,
        version.CreateRevision,
        version.Version,
        version.Lease,
        log.Read(version.Value));
}
