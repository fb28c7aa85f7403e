namespace Etcdish.Store;

/// <summary>
/// Takes in another store's state, into a store that has no history yet. All that comes before the end carries revisions above the published
/// one, so that it becomes visible at once when the end is applied. What does not fit together is refused loudly: a store must not come
/// up with a history that no sequence of operations could have made. The caller holds <see cref="StoreState.Writer"/>.
/// </summary>
internal sealed class Importer(StoreState state)
{
    private ImportPart? _part;
    private long _lastMod;
    private int _lastSub;
    private long _versions;
    private bool _hasEnded;

    /// <summary>Whether an import has begun and its end has not been applied.</summary>
    public bool IsOpen { get; private set; }

    public void Apply(in StoreEntry entry)
    {
        if (!IsOpen && (_hasEnded || state.CurrentRevision != 1 || state.Usage.Versions != 0))
        {
            throw new InvalidOperationException($"entry {entry.Index} imports into a store that has a history already");
        }

        var reader = new ImportReader(entry.Payload);
        var part = reader.ReadHead();
        if (part < _part)
        {
            throw new InvalidDataException("the parts of an import are out of order");
        }

        (_part, IsOpen) = (part, true);
        switch (part)
        {
            case ImportPart.Versions:
                AddVersions(ref reader, entry);
                break;
            case ImportPart.Leases:
                AddLeases(ref reader);
                break;
            default:
                Finish(reader.ReadEnd());
                break;
        }
    }

    private void AddVersions(ref ImportReader reader, in StoreEntry entry)
    {
        state.Gate.EnterWriteLock();
        try
        {
            while (!reader.IsAtEnd)
            {
                var version = reader.ReadVersion();
                var value = version.Value.IsEmpty
                    ? default
                    : new ValueReference(
                        entry.Segment,
                        entry.PayloadOffset + (uint)reader.ValueOffset,
                        version.Value.Length,
                        Crc32C.Compute(version.Value.Span));
                Add(version, value);
            }
        }
        finally
        {
            state.Gate.ExitWriteLock();
        }
    }

    private void Add(in ImportedVersion version, in ValueReference value)
    {
        if (version.ModRevision < 2 || (version.ModRevision, version.SubRevision).CompareTo((_lastMod, _lastSub)) <= 0)
        {
            throw Misfit(version, "is out of order");
        }

        if (version.Key.IsEmpty)
        {
            throw Misfit(version, "has no key");
        }

        var newest = state.Index.Find(version.Key.Span);
        CheckAgainst(newest, version);
        var revision = new KeyRevision
        {
            Key = newest?.Key ?? version.Key.ToArray(),
            ModRevision = version.ModRevision,
            SubRevision = version.SubRevision,
            CreateRevision = version.CreateRevision,
            Version = version.Version,
            Lease = version.Lease,
            Value = value,
            Previous = newest,
        };
        state.Index.Set(revision);
        state.Log.Append(revision);
        state.Usage.Add(revision);
        (_lastMod, _lastSub) = (version.ModRevision, version.SubRevision);
        _versions++;
    }

    /// <summary>The version before may be missing, because it was compacted; one that is there must be the one before.</summary>
    private static void CheckAgainst(KeyRevision? newest, in ImportedVersion version)
    {
        if (version.IsTombstone)
        {
            if (newest is { IsTombstone: true })
            {
                throw Misfit(version, "deletes a key that does not exist");
            }

            return;
        }

        var isCreation = version.Version == 1;
        if (version.Version < 1
            || version.CreateRevision < 2
            || version.CreateRevision > version.ModRevision
            || isCreation != (version.CreateRevision == version.ModRevision))
        {
            throw Misfit(version, "has an impossible version or create revision");
        }

        var fits = newest switch
        {
            null => true,
            { IsTombstone: true } => isCreation,
            _ => version.CreateRevision == newest.CreateRevision && version.Version == newest.Version + 1,
        };
        if (!fits)
        {
            throw Misfit(version, "does not continue the version of its key before it");
        }
    }

    private void AddLeases(ref ImportReader reader)
    {
        while (!reader.IsAtEnd)
        {
            var lease = reader.ReadLease();
            if (lease.Id == 0
                || lease.GrantedTtl is < 1 or > LeaseRules.MaxTtlSeconds
                || lease.RemainingTtl is < 0 or > LeaseRules.MaxTtlSeconds
                || state.Leases.Contains(lease.Id))
            {
                throw new InvalidDataException($"the imported lease {lease.Id:x16} has an impossible time to live, or comes twice");
            }

            state.Leases.Restore(lease);
        }
    }

    private void Finish(ImportEnd end)
    {
        if (end.Versions != _versions || end.Leases != state.Leases.Count)
        {
            throw new InvalidDataException(
                $"an import of {end.Versions} versions and {end.Leases} leases brought {_versions} and {state.Leases.Count}");
        }

        if (end.Revision < Math.Max(1, _lastMod) || end.CompactedRevision < -1 || end.CompactedRevision > end.Revision)
        {
            throw new InvalidDataException(
                $"an import up to revision {_lastMod} cannot end at revision {end.Revision}, compacted at {end.CompactedRevision}");
        }

        AttachLeases();
        foreach (var alarm in end.Alarms)
        {
            state.Alarms.Raise(alarm);
        }

        state.Gate.EnterWriteLock();
        try
        {
            state.CompactedRevision = end.CompactedRevision;
            state.CurrentRevision = end.Revision;
        }
        finally
        {
            state.Gate.ExitWriteLock();
        }

        IsOpen = false;
        _hasEnded = true;
    }

    private void AttachLeases()
    {
        var cursor = state.Index.Seek([]);
        while (cursor.MoveNext(out var newest))
        {
            if (newest.Lease == 0)
            {
                continue;
            }

            if (!state.Leases.Contains(newest.Lease))
            {
                throw new InvalidDataException(
                    $"the imported revision {newest.ModRevision}.{newest.SubRevision} names lease {newest.Lease:x16}, which is missing");
            }

            state.Leases.Attach(newest.Lease, newest.Key);
        }
    }

    private static InvalidDataException Misfit(in ImportedVersion version, string what) =>
        new($"the imported revision {version.ModRevision}.{version.SubRevision} {what}");
}
