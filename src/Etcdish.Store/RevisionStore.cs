using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Store;

/// <summary>
/// The revisioned store: every key with its retained versions, leases and alarms, as the log's entries made them. It keeps where each value
/// lies in the log, not the value. README.md beside this file tells how it works and what it promises.
/// </summary>
/// <remarks>
/// <see cref="Apply"/> belongs to one thread, the node loop. Reads may come from any thread at any time and see whole entries only.
/// Maintenance (<see cref="CompactStep"/>, <see cref="Relocate"/>) may come from any thread and waits for a running apply.
/// </remarks>
public sealed class RevisionStore : IRevisionHistory, IDisposable
{
    private readonly StoreState _state = new();
    private readonly IValueSource _values;
    private readonly RangeReader _reader;
    private readonly CompareEvaluator _compares;
    private readonly EntryApplier _applier;
    private readonly RevisionHistory _history;
    private readonly Compactor _compactor;
    private readonly Relocator _relocator;
    private readonly StoreOptions _options;

    /// <summary>Creates an empty store at revision 1, before the first log entry.</summary>
    /// <param name="values">Where the values are; read for compares on values and for sorting by value.</param>
    /// <param name="options">Settings.</param>
    public RevisionStore(IValueSource values, StoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeysPerLockHold, 1, nameof(options));
        _values = values;
        _options = options;
        _reader = new RangeReader(_state, values, options);
        _compares = new CompareEvaluator(_reader, values);
        _applier = new EntryApplier(_state, _reader, _compares);
        _history = new RevisionHistory(_state);
        _compactor = new Compactor(_state);
        _relocator = new Relocator(_state, options);
    }

    /// <inheritdoc/>
    public long CurrentRevision => _state.CurrentRevision;

    /// <inheritdoc/>
    public long CompactedRevision => _state.CompactedRevision;

    /// <summary>Index of the last applied log entry, 0 for none.</summary>
    public ulong AppliedIndex => _state.AppliedIndex;

    /// <summary>Term of the last applied log entry, 0 for none.</summary>
    public ulong AppliedTerm => _state.AppliedTerm;

    /// <summary>The leases; to be read only, apply alone changes them.</summary>
    public LeaseTable Leases => _state.Leases;

    /// <summary>Keys that exist now.</summary>
    public int KeyCount => _state.Index.LiveCount;

    /// <summary>Retained versions of all keys, tombstones included.</summary>
    public long VersionCount => _state.Usage.Versions;

    /// <summary>Bytes of keys and values of all retained versions: what the store really needs, whatever the log's files occupy.</summary>
    public long LiveBytes => _state.Usage.TotalBytes;

    /// <summary>
    /// Whether an import (<see cref="EntryKind.Import"/>) has begun and its end was not applied: nobody may use the store before that.
    /// </summary>
    public bool IsImporting => _applier.IsImporting;

    /// <summary>
    /// The changes that the last <see cref="Apply"/> made, in order; for the applying thread, valid until its next call.
    /// </summary>
    public ReadOnlySpan<KeyRevision> LastChanges => _applier.LastChanges;

    /// <summary>The raised alarms of a kind, or of all kinds for <see cref="AlarmType.None"/>.</summary>
    /// <param name="type">Kind of alarm.</param>
    public IReadOnlyList<AlarmMember> Alarms(AlarmType type) => _state.Alarms.List(type);

    /// <summary>
    /// Applies the next committed entry. A refusal is an answer like any other: it is in the result, the entry counts as applied, and
    /// nothing else has changed.
    /// </summary>
    /// <param name="entry">The entry after <see cref="AppliedIndex"/>; its payload was validated before it was proposed.</param>
    /// <exception cref="InvalidOperationException">The index is not the next one, or the entry cannot be one that was proposed. The store
    /// must not be used any more.</exception>
    /// <exception cref="MalformedRequestException">The payload is no request: the log is not what was proposed.</exception>
    /// <exception cref="InvalidDataException">An import holds what no store could have held. The store must not be used any more.</exception>
    /// <exception cref="DamagedValueException">A value that a compare needs is damaged.</exception>
    public ApplyResult Apply(in StoreEntry entry)
    {
        lock (_state.Writer)
        {
            return _applier.Apply(entry);
        }
    }

    /// <summary>Finds the version of a key that exists now: the shortest way to one key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="version">The version found.</param>
    /// <returns>Whether the key exists.</returns>
    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out KeyRevision? version) =>
        (version = _reader.Find(key)) is not null;

    /// <summary>The versions of a key from the compacted revision on, newest first, tombstones among them.</summary>
    /// <param name="key">The key.</param>
    public IReadOnlyList<KeyRevision> History(ReadOnlySpan<byte> key) => _reader.History(key);

    /// <summary>Answers a range.</summary>
    /// <param name="request">A validated request.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.FutureRev"/>, <see cref="EtcdError.Compacted"/> or
    /// <see cref="EtcdError.InvalidSortOption"/>.</exception>
    public RangeResult Range(RangeRequest request)
    {
        var result = new RangeResult();
        Range(request, result);
        return result;
    }

    /// <summary>Answers a range into a result that is used again.</summary>
    /// <param name="request">A validated request.</param>
    /// <param name="result">Is cleared first.</param>
    /// <exception cref="EtcdException">As the other overload.</exception>
    public void Range(RangeRequest request, RangeResult result)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(result);
        result.Clear();
        _reader.Read(request, now: 0, result);
    }

    /// <summary>Whether a transaction consists of ranges only, without nesting, and so need not go through the log.</summary>
    /// <param name="txn">The transaction.</param>
    public static bool IsReadOnly(TxnRequest txn)
    {
        ArgumentNullException.ThrowIfNull(txn);
        return HasOnlyRanges(txn.Success, mustBeSerializable: false) && HasOnlyRanges(txn.Failure, mustBeSerializable: false);
    }

    /// <summary>Whether a read-only transaction may be answered from a possibly stale state: all its ranges are serializable.</summary>
    /// <param name="txn">The transaction.</param>
    public static bool IsSerializable(TxnRequest txn)
    {
        ArgumentNullException.ThrowIfNull(txn);
        return HasOnlyRanges(txn.Success, mustBeSerializable: true) && HasOnlyRanges(txn.Failure, mustBeSerializable: true);
    }

    /// <summary>Answers a transaction for which <see cref="IsReadOnly"/> holds, all of it on one revision.</summary>
    /// <param name="txn">A validated transaction.</param>
    /// <param name="headerRevision">The revision it was answered on.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.FutureRev"/> or <see cref="EtcdError.Compacted"/>.</exception>
    public TxnResult ReadOnlyTxn(TxnRequest txn, out long headerRevision)
    {
        if (!IsReadOnly(txn))
        {
            throw new ArgumentException("the transaction writes", nameof(txn));
        }

        var result = new TxnResult();
        var revision = _reader.PinCurrent();
        try
        {
            headerRevision = revision;
            var error = new TxnExecutor(_state, _reader, _compares, mutator: null).Run(txn, revision, result);
            return error is null ? result : throw new EtcdException(error);
        }
        finally
        {
            _state.Pins.Remove(revision);
        }
    }

    /// <inheritdoc/>
    public long ReadChanges(long fromRevision, int maxRevisions, List<KeyRevision> changes) =>
        _history.ReadChanges(fromRevision, maxRevisions, changes);

    /// <summary>
    /// The compaction up to which everything hidden has been taken away; below <see cref="CompactedRevision"/> while there is work left.
    /// </summary>
    public long PhysicallyCompactedRevision => _compactor.FinishedRevision;

    /// <summary>
    /// Takes away part of what compaction hid. Costs what was changed since the last compaction, not what is stored, and blocks readers
    /// for one step at a time.
    /// </summary>
    /// <param name="maxChanges">How many changes to look at, 1 or more; a thousand takes well below a millisecond.</param>
    /// <returns>Whether there is more to do at once. When false and <see cref="PhysicallyCompactedRevision"/> lags, a running read holds
    /// it back: try again later.</returns>
    public bool CompactStep(int maxChanges)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxChanges, 1);
        lock (_state.Writer)
        {
            return _compactor.Step(maxChanges);
        }
    }

    /// <summary>Appends the segments that hold live values, in order, with the bytes that copying them out would take.</summary>
    /// <param name="segments">Receives segment numbers and bytes. Values that versions share count more than once.</param>
    public void ReadSegmentUsage(List<KeyValuePair<uint, long>> segments)
    {
        ArgumentNullException.ThrowIfNull(segments);
        lock (_state.Writer)
        {
            _state.Usage.CopyTo(segments);
        }
    }

    /// <summary>Appends all versions whose values lie in some segments. Walks the whole index, letting others in between.</summary>
    /// <param name="segments">Numbers of the segments, none of which is still written to.</param>
    /// <param name="found">Receives the versions.</param>
    public void FindReferences(IReadOnlySet<uint> segments, List<KeyRevision> found)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ArgumentNullException.ThrowIfNull(found);
        _relocator.FindReferences(segments, found);
    }

    /// <summary>Finds a retained version by its key and revision, for the replay of relocations.</summary>
    /// <param name="key">The key.</param>
    /// <param name="modRevision">Main revision.</param>
    /// <param name="subRevision">Sub-revision.</param>
    public KeyRevision? FindVersion(ReadOnlySpan<byte> key, long modRevision, int subRevision)
    {
        lock (_state.Writer)
        {
            return _relocator.Find(key, modRevision, subRevision);
        }
    }

    /// <summary>Lets a version refer to a durable copy of its value. Doing it again with the same copy changes nothing.</summary>
    /// <param name="version">The version.</param>
    /// <param name="copy">Place of the copy, with the same length and checksum.</param>
    /// <returns>False when compaction has dropped the version meanwhile: the copy is garbage.</returns>
    /// <exception cref="ArgumentException">The copy's length or checksum differs.</exception>
    public bool Relocate(KeyRevision version, in ValueReference copy)
    {
        ArgumentNullException.ThrowIfNull(version);
        lock (_state.Writer)
        {
            return _relocator.Relocate(version, copy);
        }
    }

    /// <summary>Checksum of the key space, the same on every member with the same history and equal to etcd's.</summary>
    /// <param name="revision">Revision up to which changes count; 0 or less is now.</param>
    /// <exception cref="EtcdException"><see cref="EtcdError.Compacted"/> or <see cref="EtcdError.FutureRev"/>.</exception>
    public HashKvResult HashKv(long revision) => new RevisionHasher(_state, _values, _options).Compute(revision);

    /// <summary>
    /// Checksum of key space, leases and alarms: equal on members that stand at the same entry. It is our own, not comparable with etcd's.
    /// </summary>
    /// <param name="currentRevision">The store's revision at that time.</param>
    public uint Hash(out long currentRevision) => new RevisionHasher(_state, _values, _options).ComputeAll(out currentRevision);

    /// <summary>
    /// Captures the state after the last applied entry, to be written while later entries are applied. Dispose it soon: it holds
    /// compaction back.
    /// </summary>
    /// <exception cref="InvalidOperationException">An import is under way, which a checkpoint has no words for.</exception>
    public StoreCheckpoint CaptureCheckpoint()
    {
        lock (_state.Writer)
        {
            return IsImporting ? throw new InvalidOperationException("an import is under way") : new StoreCheckpoint(_state, _options);
        }
    }

    /// <summary>Begins to fill this store, which must be new, from a checkpoint. Nobody may use the store until that is complete.</summary>
    /// <exception cref="InvalidOperationException">The store is not new.</exception>
    public CheckpointLoader BeginLoad() => _state.AppliedIndex == 0 && _state.Usage.Versions == 0
        ? new CheckpointLoader(_state, _compactor)
        : throw new InvalidOperationException("a checkpoint can be loaded into a new store only");

    /// <summary>
    /// Takes the state of another store in the place of its own, at once for every reader: this stays the same object, with the same
    /// <see cref="Leases"/>. For the applying thread. Reads that are under way at a revision that the new state has go on; others end as
    /// compacted; a checkpoint under way ends with <see cref="StoreReplacedException"/>.
    /// </summary>
    /// <param name="other">A store of the same values, filled by an import and used by nobody else; not to be used any more.</param>
    /// <param name="index">The entry that its state stands for.</param>
    /// <param name="term">That entry's term.</param>
    /// <exception cref="InvalidOperationException">The other state is incomplete, or earlier than this one.</exception>
    public void TakeOver(RevisionStore other, ulong index, ulong term)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.IsImporting || other.CurrentRevision < CurrentRevision || index <= AppliedIndex)
        {
            throw new InvalidOperationException(
                $"a state at entry {index}, revision {other.CurrentRevision} cannot follow entry {AppliedIndex}, revision {CurrentRevision}");
        }

        lock (_state.Writer)
        {
            _state.TakeOver(other._state, index, term);
            _compactor.Restart();
        }

        other.Dispose();
    }

    /// <summary>Frees the lock. Nobody may use the store any more.</summary>
    public void Dispose() => _state.Gate.Dispose();

    private static bool HasOnlyRanges(IReadOnlyList<RequestOp> ops, bool mustBeSerializable)
    {
        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Kind != RequestOpKind.Range || (mustBeSerializable && !ops[i].Range!.Serializable))
            {
                return false;
            }
        }

        return true;
    }
}
