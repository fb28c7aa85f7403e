namespace Etcdish.Store;

/// <summary>
/// Applies log entries: a pure function of the state and the entry, so that every member that has applied the same entries has the same
/// state. The caller holds <see cref="StoreState.Writer"/>.
/// </summary>
internal sealed class EntryApplier
{
    private readonly StoreState _state;
    private readonly WriteTransaction _changes;
    private readonly Mutator _mutator;
    private readonly TxnExecutor _txns;
    private readonly Importer _importer;
    private readonly List<KeyValuePair<long, long>> _remainingTtls = [];

    public EntryApplier(StoreState state, RangeReader reader, CompareEvaluator compares)
    {
        _state = state;
        _changes = new WriteTransaction(state);
        _mutator = new Mutator(state, _changes);
        _txns = new TxnExecutor(state, reader, compares, _mutator);
        _importer = new Importer(state);
    }

    /// <summary>The changes that the last entry made.</summary>
    public ReadOnlySpan<KeyRevision> LastChanges => _changes.Changes;

    /// <summary>Whether an import has begun and not ended.</summary>
    public bool IsImporting => _importer.IsOpen;

    public ApplyResult Apply(in StoreEntry entry)
    {
        if (entry.Index != _state.AppliedIndex + 1)
        {
            throw new InvalidOperationException($"entry {entry.Index} cannot be applied after entry {_state.AppliedIndex}");
        }

        if (IsImporting && entry.Kind != EntryKind.Import)
        {
            throw new InvalidOperationException($"entry {entry.Index} comes before the end of an import");
        }

        _mutator.Begin(entry);
        var result = default(ApplyResult);
        result.Error = AlarmAgainst(entry.Kind) ?? Dispatch(entry, ref result);
        _changes.Commit();
        _state.AppliedTerm = entry.Term;
        _state.AppliedIndex = entry.Index;
        result.Revision = _state.CurrentRevision;
        return result;
    }

    private EtcdError? AlarmAgainst(EntryKind kind)
    {
        var isWrite = kind is not (EntryKind.Empty or EntryKind.Alarm or EntryKind.LeaseCheckpoint);
        if (isWrite && _state.Alarms.Has(AlarmType.Corrupt))
        {
            return EtcdError.Corrupt;
        }

        return kind is EntryKind.Put or EntryKind.LeaseGrant && _state.Alarms.Has(AlarmType.NoSpace) ? EtcdError.NoSpace : null;
    }

    private EtcdError? Dispatch(in StoreEntry entry, ref ApplyResult result) => entry.Kind switch
    {
        EntryKind.Empty => null,
        EntryKind.Put => Put(RequestDecoder.DecodePut(entry.Payload), ref result),
        EntryKind.DeleteRange => DeleteRange(RequestDecoder.DecodeDeleteRange(entry.Payload), ref result),
        EntryKind.Txn => Txn(RequestDecoder.DecodeTxn(entry.Payload), ref result),
        EntryKind.Compact => Compact(RequestDecoder.DecodeCompaction(entry.Payload).Revision),
        EntryKind.LeaseGrant => GrantLease(RequestDecoder.DecodeLeaseGrant(entry.Payload), ref result),
        EntryKind.LeaseRevoke => RevokeLease(RequestDecoder.DecodeLeaseRevoke(entry.Payload)),
        EntryKind.LeaseCheckpoint => CheckpointLeases(entry.Payload),
        EntryKind.Alarm => Alarm(RequestDecoder.DecodeAlarm(entry.Payload), ref result),
        EntryKind.Import => Import(entry),
        _ => throw new InvalidOperationException($"entry {entry.Index} is of a kind that this version does not know: {entry.Kind}"),
    };

    private EtcdError? Put(in PutRequest put, ref ApplyResult result)
    {
        if (_mutator.CheckPut(put) is { } error)
        {
            return error;
        }

        result.PutPrevious = _mutator.Put(put);
        return null;
    }

    private EtcdError? DeleteRange(in DeleteRangeRequest request, ref ApplyResult result)
    {
        result.DeleteRange = _mutator.DeleteRange(request);
        return null;
    }

    private EtcdError? Txn(TxnRequest txn, ref ApplyResult result)
    {
        if (HasPut(txn) && _state.Alarms.Has(AlarmType.NoSpace))
        {
            return EtcdError.NoSpace;
        }

        var answer = new TxnResult();
        var error = _txns.Run(txn, _state.CurrentRevision, answer);
        result.Txn = error is null ? answer : null;
        return error;
    }

    private static bool HasPut(TxnRequest txn) => HasPut(txn.Success) || HasPut(txn.Failure);

    private static bool HasPut(IReadOnlyList<RequestOp> ops)
    {
        for (var i = 0; i < ops.Count; i++)
        {
            if (ops[i].Kind == RequestOpKind.Put || (ops[i].Txn is { } nested && HasPut(nested)))
            {
                return true;
            }
        }

        return false;
    }

    private EtcdError? Compact(long revision)
    {
        if (revision <= _state.CompactedRevision)
        {
            return EtcdError.Compacted;
        }

        if (revision > _state.CurrentRevision)
        {
            return EtcdError.FutureRev;
        }

        _state.Gate.EnterWriteLock();
        try
        {
            _state.CompactedRevision = revision;
        }
        finally
        {
            _state.Gate.ExitWriteLock();
        }

        return null;
    }

    private EtcdError? GrantLease(in LeaseGrantRequest grant, ref ApplyResult result)
    {
        if (grant.Id == 0)
        {
            return EtcdError.LeaseNotFound;
        }

        if (grant.TtlSeconds > LeaseRules.MaxTtlSeconds)
        {
            return EtcdError.LeaseTTLTooLarge;
        }

        if (_state.Leases.Contains(grant.Id))
        {
            return EtcdError.LeaseExist;
        }

        _state.Leases.Grant(grant.Id, grant.TtlSeconds);
        (result.LeaseId, result.LeaseTtl) = (grant.Id, grant.TtlSeconds);
        return null;
    }

    private EtcdError? RevokeLease(long id)
    {
        if (!_state.Leases.Contains(id))
        {
            return EtcdError.LeaseNotFound;
        }

        _changes.Delete(_state.Leases.Revoke(id));
        return null;
    }

    private EtcdError? CheckpointLeases(ReadOnlyMemory<byte> payload)
    {
        _remainingTtls.Clear();
        RequestDecoder.DecodeLeaseCheckpoint(payload, _remainingTtls);
        foreach (var (id, remainingSeconds) in _remainingTtls)
        {
            _state.Leases.Checkpoint(id, remainingSeconds);
        }

        return null;
    }

    private EtcdError? Import(in StoreEntry entry)
    {
        _importer.Apply(entry);
        return null;
    }

    private EtcdError? Alarm(in AlarmRequest request, ref ApplyResult result)
    {
        var alarm = new AlarmMember(request.MemberId, request.Type);
        switch (request.Action)
        {
            case AlarmAction.Get:
                result.Alarms = _state.Alarms.List(request.Type);
                break;
            case AlarmAction.Activate when request.Type != AlarmType.None:
                _state.Alarms.Raise(alarm);
                result.Alarms = [alarm];
                break;
            case AlarmAction.Deactivate when _state.Alarms.Disarm(alarm):
                result.Alarms = [alarm];
                break;
            default:
                result.Alarms = [];
                break;
        }

        return null;
    }
}
