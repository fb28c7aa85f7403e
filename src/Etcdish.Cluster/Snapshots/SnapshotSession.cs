using System.Buffers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The state of one moment on its way to one follower, as the payloads of an import. Parts are made one after the other when they are asked
/// for, on the asker's thread; the last one is kept, so that an answer that was lost can be asked for again. One thread at a time.
/// </summary>
internal sealed class SnapshotSession : IDisposable
{
    private readonly StoreCheckpoint _capture;
    private readonly IValueSource _values;
    private readonly ReadScope _scope;
    private readonly ArrayBufferWriter<byte> _part = new();
    private List<KeyRevision>? _versions;
    private byte[] _value = [];
    private byte[] _last = [];
    private ulong _made;
    private int _nextVersion;
    private int _nextLease;
    private uint _checksum;
    private bool _isEnded;

    /// <summary>Captures the state after the last applied entry; on the applying thread.</summary>
    /// <param name="id">The session.</param>
    /// <param name="state">The group's state at that entry.</param>
    /// <param name="store">The store.</param>
    /// <param name="values">Where its values are; they stay readable for as long as the session lasts.</param>
    public SnapshotSession(ulong id, ClusterState state, RevisionStore store, IValueSource values)
    {
        Id = id;
        State = state;
        _values = values;
        _scope = values.EnterRead();
        _capture = store.CaptureCheckpoint();
    }

    public ulong Id { get; }

    /// <summary>What the parts together stand for.</summary>
    public ClusterState State { get; }

    /// <summary>A part's answer: the one that was made last, or the next.</summary>
    /// <param name="number">Its number, from 0.</param>
    /// <param name="maxBytes">Most bytes of its payload that the asker's log can hold.</param>
    /// <param name="usualBytes">Most bytes of its payload, unless one version alone takes more.</param>
    /// <returns>The answer, unchanged until the next call; empty when that part cannot be made (again).</returns>
    /// <exception cref="InvalidDataException">One version takes more than the asker can hold.</exception>
    /// <exception cref="DamagedValueException">A value does not match its checksum.</exception>
    /// <exception cref="StoreReplacedException">Another state has taken the store's place meanwhile.</exception>
    public ReadOnlyMemory<byte> Part(ulong number, int maxBytes, int usualBytes)
    {
        if (number + 1 == _made)
        {
            return _last;
        }

        if (number != _made || _isEnded)
        {
            return default;
        }

        _part.ResetWrittenCount();
        _part.GetSpan(SnapshotPart.HeaderBytes);
        _part.Advance(SnapshotPart.HeaderBytes);
        Fill(maxBytes, Math.Min(usualBytes, maxBytes));
        ReadOnlySpan<byte> payload = _part.WrittenSpan[SnapshotPart.HeaderBytes..];
        _checksum = Crc32C.Append(_checksum, payload);
        _last = _part.WrittenSpan.ToArray();
        SnapshotPart.WriteHeader(_last, _isEnded, number, _checksum);
        _made++;
        return _last;
    }

    public void Dispose()
    {
        _capture.Dispose();
        _scope.Dispose();
    }

    private void Fill(int maxBytes, int usualBytes)
    {
        _versions ??= CollectVersions();
        if (_nextVersion < _versions.Count)
        {
            ImportEncoder.WriteHead(ImportPart.Versions, _part);
            FillVersions(_versions, maxBytes, usualBytes);
        }
        else if (_nextLease < _capture.Leases.Count)
        {
            ImportEncoder.WriteHead(ImportPart.Leases, _part);
            FillLeases(usualBytes);
        }
        else
        {
            ImportEncoder.WriteHead(ImportPart.End, _part);
            ImportEncoder.Write(
                new ImportEnd(
                    _capture.Revision, _capture.CompactedRevision, _versions.Count, _capture.Leases.Count, _capture.Alarms),
                _part);
            _isEnded = true;
        }
    }

    // The versions hold no compaction back once they are found; their values only need the segments.
    private List<KeyRevision> CollectVersions()
    {
        List<KeyRevision> versions = [];
        _capture.CollectVersions(versions);
        _capture.Dispose();
        versions.Sort(static (a, b) => (a.ModRevision, a.SubRevision).CompareTo((b.ModRevision, b.SubRevision)));
        return versions;
    }

    private void FillVersions(List<KeyRevision> versions, int maxBytes, int usualBytes)
    {
        int before = _nextVersion;
        for (; _nextVersion < versions.Count; _nextVersion++)
        {
            ImportedVersion version = Read(versions[_nextVersion]);
            long bytes = _part.WrittenCount - SnapshotPart.HeaderBytes + ImportEncoder.MaxSizeOf(version);
            if (bytes > usualBytes && _nextVersion > before)
            {
                return;
            }

            if (bytes > maxBytes)
            {
                throw new InvalidDataException(
                    $"revision {version.ModRevision}.{version.SubRevision} takes {bytes} bytes; the log of the member that needs it holds "
                    + $"records of {maxBytes}");
            }

            ImportEncoder.Write(version, _part);
        }
    }

    private void FillLeases(int usualBytes)
    {
        const int MostBytes = 30;
        while (_nextLease < _capture.Leases.Count && _part.WrittenCount - SnapshotPart.HeaderBytes + MostBytes <= usualBytes)
        {
            ImportEncoder.Write(_capture.Leases[_nextLease++], _part);
        }
    }

    private ImportedVersion Read(KeyRevision version)
    {
        ValueReference reference = version.Value;
        if (_value.Length < reference.Length)
        {
            _value = new byte[Math.Max(reference.Length, 2 * _value.Length)];
        }

        Memory<byte> value = _value.AsMemory(0, reference.Length);
        if (reference.Length > 0)
        {
            _values.Read(reference, value.Span);
        }

        return new ImportedVersion(
            version.ModRevision,
            version.SubRevision,
            version.IsTombstone,
            version.Key,
            version.CreateRevision,
            version.Version,
            version.Lease,
            value);
    }
}
