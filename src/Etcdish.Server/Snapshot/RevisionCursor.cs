using Etcdish.Server.Snapshot.Bolt;
using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// The bucket "key": every retained change of the store under its revision. When the current revision has no change of its own (it was
/// bumped by a restore), an empty pair marks it, as etcd does, so that revisions cannot go back on the other side.
/// </summary>
/// <param name="state">The store at one revision.</param>
internal sealed class RevisionCursor(ISnapshotState state) : IBoltCursor
{
    private readonly IEnumerator<KeyRevision> _revisions = state.Revisions().GetEnumerator();
    private readonly byte[] _key = new byte[RevisionKey.TombstoneLength];
    private KeyRevision? _current;
    private int _keyLength;
    private long _lastRevision = 1;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => _key.AsSpan(0, _keyLength);

    /// <inheritdoc/>
    public int ValueLength { get; private set; }

    /// <inheritdoc/>
    public bool MoveNext()
    {
        if (!_revisions.MoveNext())
            return MarkBumpedRevision();

        _current = _revisions.Current;
        _lastRevision = _current.ModRevision;
        if (_lastRevision > state.Revision)
            throw new InvalidOperationException($"A change of revision {_lastRevision} in a snapshot of revision {state.Revision}.");
        _keyLength = RevisionKey.Write(_key, _current.ModRevision, _current.SubRevision, _current.IsTombstone);
        ValueLength = KeyValueCodec.Size(_current);
        return true;
    }

    /// <inheritdoc/>
    public void ReadValue(Span<byte> destination)
    {
        if (_current is not null)
            KeyValueCodec.Write(destination, _current, state.Values);
    }

    /// <inheritdoc/>
    public void Dispose() => _revisions.Dispose();

    private bool MarkBumpedRevision()
    {
        if (_lastRevision >= state.Revision || state.CompactedRevision >= state.Revision)
            return false;
        _current = null;
        _lastRevision = state.Revision;
        _keyLength = RevisionKey.Write(_key, state.Revision, sub: 0, isTombstone: false);
        ValueLength = 0;
        return true;
    }
}
