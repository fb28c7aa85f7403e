using System.Diagnostics.CodeAnalysis;
using Etcdish.Log;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// State that comes from a leader, part by part, beside the state that is served until it is whole. Alike while it is received and when
/// the log is replayed; a part is only taken when its record is durable.
/// </summary>
/// <param name="values">The log's values, among them those in the parts.</param>
[SuppressMessage("Design", "CA1001", Justification = "Drop lets go of the store, and so does who it is handed to.")]
internal sealed class IncomingState(IValueSource values)
{
    private const ulong AnyTerm = 1;

    private RevisionStore? _store;
    private ulong _session;
    private ulong _next;
    private bool _hasEnded;

    /// <summary>Something came that is neither in use nor dropped: the log must stay replayable from its first part on.</summary>
    public bool IsOpen => _store is not null;

    /// <summary>What was wrong with a part, or null. Nothing more is taken then until a session begins.</summary>
    public string? Defect { get; private set; }

    /// <summary>Whether all parts of a session are here, and fit together.</summary>
    public bool IsWhole(ulong session) => _store is not null && _session == session && _hasEnded && Defect is null;

    /// <summary>Takes a part; the first of a session drops what came of another.</summary>
    /// <param name="record">The record's payload.</param>
    /// <param name="place">Where that lies.</param>
    /// <exception cref="InvalidDataException">The record is none: an impossible state behind a valid checksum.</exception>
    public void Take(ReadOnlyMemory<byte> record, LogPosition place)
    {
        (ulong session, ulong number) = SnapshotPartRecord.Decode(record.Span);
        if (number == 0)
        {
            Drop();
            _store = new RevisionStore(values, new StoreOptions());
            _session = session;
        }
        else if (_store is null || session != _session || number != _next)
        {
            Defect ??= $"part {number} of session {session:x} follows part {_next} of session {_session:x}";
        }

        if (Defect is null)
        {
            Apply(record, place);
        }
    }

    /// <summary>Hands over what <see cref="IsWhole"/>.</summary>
    public RevisionStore Detach()
    {
        RevisionStore whole = _store ?? throw new InvalidOperationException("there is no state to hand over");
        _store = null;
        return whole;
    }

    /// <summary>Forgets what came.</summary>
    public void Drop()
    {
        _store?.Dispose();
        _store = null;
        _next = 0;
        _hasEnded = false;
        Defect = null;
    }

    // What a leader sent may be nonsense. It is passed over and never installed; it must not keep this member from starting.
    private void Apply(ReadOnlyMemory<byte> record, LogPosition place)
    {
        try
        {
            _store!.Apply(new StoreEntry(
                ++_next,
                AnyTerm,
                EntryKind.Import,
                record[SnapshotPartRecord.HeaderBytes..],
                place.Segment,
                place.Offset + SnapshotPartRecord.HeaderBytes));
            _hasEnded = !_store.IsImporting;
        }
        catch (Exception nonsense) when (nonsense is InvalidDataException or MalformedRequestException or InvalidOperationException)
        {
            Defect = nonsense.Message;
        }
    }
}
