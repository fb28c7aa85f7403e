using static Etcdish.Checkers.ViolationKind;

namespace Etcdish.Checkers.Tests;

/// <summary>Histories broken in their operations, leases, or the final history.</summary>
internal static class OperationBreakages
{
    public static IEnumerable<Breakage> All =>
    [
        new("swap the revisions of two writes", SwapRevisions, WrongEffect),
        new("two writes share a revision", ShareRevision, RevisionUsedTwice, WrongEffect),
        new("a read is stale by one", StaleRead, WentBack),
        new("a read comes from the future", FutureRead, FromTheFuture),
        new("a refused write is resurrected", ResurrectRefused, UnexplainedRevision),
        new("the last acknowledged write is lost", LoseLastWrite, LostWrite),
        new("an acknowledged write is replaced in the log", ReplaceWrite, WrongEffect),
        new("an unknown write is seen before its call", SeenBeforeCall, UnexplainedRevision),
        new("a revision is missing in the log", DropRevision, RevisionGap),
        new("the log goes back", ReverseLog, RevisionGap),
        new("a version in the log is wrong", WrongLogVersion, ImpossibleChange),
        new("a version in a reply is wrong", (h, r) => ChangeKv(h, r, kv => kv with { Version = kv.Version + 1 }), WrongReply),
        new("a value in a reply is wrong", (h, r) => ChangeKv(h, r, kv => kv with { Value = "other" }), WrongReply),
        new("a key is left out of a range", DropKey, WrongReply),
        new("the count is wrong", (h, r) => ChangeRange(h, r, reply => reply with { Count = reply.Count + 1 }), WrongReply),
        new("more is wrong", (h, r) => ChangeRange(h, r, reply => reply with { More = !reply.More }), WrongReply),
        new("the order of a range is wrong", ReverseRange, WrongReply),
        new("prev_kv of a put is wrong", WrongPutPrevKv, WrongReply),
        new("the number of deleted keys is wrong", WrongDeleted, WrongReply),
        new("a transaction took the other branch", FlipTxn, WrongReply, WrongEffect, RevisionUsedTwice),
        new("a reply carries a revision that never came", RevisionBeyondEnd, LostWrite),
        new("a compacted revision is served", ServeCompacted, CompactionIgnored),
        new("a revision is called future without cause", RefuseWithoutCause, UnjustifiedRefusal),
        new("a revision is called compacted without cause", RefuseAsCompacted, UnjustifiedRefusal),
        new("a living lease is not found", RefuseLivingLease, UnjustifiedRefusal),
        new("a lease expires early", ExpireEarly, LeaseExpiredEarly),
        new("an ended lease is renewed", RenewEnded, LeaseOutlivedItsEnd),
        new("one client does two things at once", Overlap, MalformedHistory),
    ];

    private static bool IsOkPut(Operation operation) => operation is { Call: PutCall, Outcome: Outcome.Ok };

    private static bool IsReadNow(Operation operation) =>
        operation is { Call: RangeCall { Serializable: false, Revision: 0 }, Outcome: Outcome.Ok };

    private static History? SwapRevisions(History history, Random random)
    {
        Operation[] puts = [.. history.Operations.Where(IsOkPut)];
        if (puts.Length < 2)
            return null;
        random.Shuffle(puts);
        Operation first = puts[0] with { Reply = puts[0].Reply! with { Revision = puts[1].Reply!.Revision } };
        Operation second = puts[1] with { Reply = puts[1].Reply! with { Revision = puts[0].Reply!.Revision } };
        return Breakage.Replace(Breakage.Replace(history, puts[0], first), puts[1], second);
    }

    private static History? ShareRevision(History history, Random random) =>
        Breakage.ChangeOperation(history, random, IsOkPut, op =>
        {
            Operation? other = history.Operations.FirstOrDefault(x => IsOkPut(x) && x != op);
            return other is null ? null : op with { Reply = op.Reply! with { Revision = other.Reply!.Revision } };
        });

    private static History? MoveRead(History history, Random random, Func<Operation, long?> newRevision)
    {
        var states = new StateHistory(history.Witness, []);
        Operation[] reads = [.. history.Operations.Where(IsReadNow)];
        random.Shuffle(reads);
        foreach (Operation read in reads)
        {
            if (newRevision(read) is { } revision && revision >= 1 && revision <= states.LastRevision)
                return Breakage.Replace(history, read, read with { Reply = Model.Execute(read.Call, states.At(revision)).Reply });
        }

        return null;
    }

    private static History? StaleRead(History history, Random random) => MoveRead(history, random, read =>
    {
        long before = history.Operations
            .Where(op => op.Reply is not null && op.ReturnedAt < read.CalledAt)
            .Max(op => (long?)op.Reply!.Revision) ?? 0;
        return before == 0 ? null : before - 1;
    });

    private static History? FutureRead(History history, Random random) => MoveRead(history, random, read =>
        history.Operations.FirstOrDefault(op => IsOkPut(op) && op.CalledAt > read.ReturnedAt)?.Reply!.Revision);

    private static History? ResurrectRefused(History history, Random random)
    {
        Operation? refused = history.Operations.FirstOrDefault(op => op.Outcome == Outcome.NotApplied && op.Call is PutCall);
        return refused is null ? null : Append(history, refused.Call);
    }

    private static History Append(History history, Call call)
    {
        var states = new StateHistory(history.Witness, []);
        Step step = Model.Execute(call, states.At(states.LastRevision));
        return history with { Witness = [.. history.Witness, .. step.Events] };
    }

    private static History? LoseLastWrite(History history, Random random)
    {
        long last = history.Witness.Count == 0 ? 0 : history.Witness[^1].Revision;
        bool acknowledged = history.Operations.Any(op => IsOkPut(op) && op.Reply!.Revision == last);
        return acknowledged ? history with { Witness = [.. history.Witness.Where(e => e.Revision < last)] } : null;
    }

    private static History? ReplaceWrite(History history, Random random)
    {
        Operation[] puts = [.. history.Operations.Where(IsOkPut)];
        if (puts.Length == 0)
            return null;
        Operation victim = puts[random.Next(puts.Length)];
        WatchEvent Changed(WatchEvent e) => e.Revision == victim.Reply!.Revision ? e with { Kv = e.Kv with { Value = "other" } } : e;
        return history with { Watches = [], Witness = [.. history.Witness.Select(Changed)] };
    }

    private static History? SeenBeforeCall(History history, Random random)
    {
        // A read shows the value of an unknown put; then the put is said to have been called only later.
        foreach (Operation put in history.Operations.Where(op => op is { Outcome: Outcome.Unknown, Call: PutCall }))
        {
            WatchEvent? change = history.Witness.FirstOrDefault(e => e.Kv.Value == ((PutCall)put.Call).Value);
            long? shown = change is null ? null : history.Operations
                .Where(op => op.Reply is not null && op.Reply.Revision >= change.Revision && op.ReturnedAt > put.ReturnedAt)
                .Min(op => (long?)op.ReturnedAt);
            if (shown is { } time)
                return Breakage.Replace(history, put, put with { Client = 1_000, CalledAt = time + 1, ReturnedAt = time + 2 });
        }

        return null;
    }

    private static History? DropRevision(History history, Random random)
    {
        if (history.Witness.Count < 3)
            return null;
        long victim = history.Witness[random.Next(history.Witness.Count - 2)].Revision;
        return history with { Witness = [.. history.Witness.Where(e => e.Revision != victim)] };
    }

    private static History? ReverseLog(History history, Random random) =>
        history.Witness.Count < 10 ? null : history with { Witness = [.. history.Witness.Reverse()] };

    private static History? WrongLogVersion(History history, Random random)
    {
        WatchEvent? victim = history.Witness.FirstOrDefault(e => !e.IsDelete && e.Kv.Version > 1);
        WatchEvent Changed(WatchEvent e) => ReferenceEquals(e, victim) ? e with { Kv = e.Kv with { Version = e.Kv.Version + 1 } } : e;
        return victim is null ? null : history with { Witness = [.. history.Witness.Select(Changed)] };
    }

    private static History? ChangeRange(History history, Random random, Func<RangeReply, RangeReply?> change) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op.Reply is RangeReply reply && change(reply) is not null,
            op => op with { Reply = change((RangeReply)op.Reply!) });

    private static History? ChangeKv(History history, Random random, Func<KeyValue, KeyValue> change) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: RangeReply { Kvs.Count: > 0 }, Call: RangeCall { KeysOnly: false, SortTarget: SortTarget.Key } },
            op =>
            {
                var reply = (RangeReply)op.Reply!;
                return op with { Reply = reply with { Kvs = [change(reply.Kvs[0]), .. reply.Kvs.Skip(1)] } };
            });

    private static History? DropKey(History history, Random random) =>
        ChangeRange(history, random, reply => reply.Kvs.Count == 0 ? null : reply with { Kvs = [.. reply.Kvs.Skip(1)] });

    private static History? ReverseRange(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: RangeReply { Kvs.Count: > 1 }, Call: RangeCall { SortTarget: SortTarget.Key } },
            op => op with { Reply = (RangeReply)op.Reply! with { Kvs = [.. ((RangeReply)op.Reply!).Kvs.Reverse()] } });

    private static History? WrongPutPrevKv(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op.Reply is PutReply { PrevKv: not null },
            op => op with { Reply = (PutReply)op.Reply! with { PrevKv = ((PutReply)op.Reply!).PrevKv! with { Value = "other" } } });

    private static History? WrongDeleted(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op.Reply is DeleteReply { Deleted: > 0 },
            op => op with { Reply = (DeleteReply)op.Reply! with { Deleted = ((DeleteReply)op.Reply!).Deleted + 1 } });

    private static History? FlipTxn(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op.Reply is TxnReply && ((TxnCall)op.Call).Compares.Count > 0,
            op => op with { Reply = (TxnReply)op.Reply! with { Succeeded = !((TxnReply)op.Reply!).Succeeded } });

    private static History? RevisionBeyondEnd(History history, Random random) =>
        Breakage.ChangeOperation(history, random, IsOkPut, op => op with { Reply = op.Reply! with { Revision = 1_000_000 } });

    private static History? ServeCompacted(History history, Random random)
    {
        var states = new StateHistory(history.Witness, []);
        return Breakage.ChangeOperation(
            history,
            random,
            op => op is { Outcome: Outcome.NotApplied, Refusal: RefusalReason.Compacted, Call: RangeCall { Serializable: false } range }
                && history.Operations.Any(c => c is { Outcome: Outcome.Ok, Call: CompactCall compact }
                    && compact.Revision > range.Revision && c.ReturnedAt < op.CalledAt),
            op =>
            {
                long now = history.Operations.Where(x => x.Reply is not null && x.ReturnedAt < op.CalledAt).Max(x => x.Reply!.Revision);
                Reply reply = Model.Execute(op.Call, states.At(now)).Reply;
                return op with { Outcome = Outcome.Ok, Refusal = default, Reply = reply };
            });
    }

    private static History? RefuseWithoutCause(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: RangeReply, Call: RangeCall { Revision: > 0, Serializable: false } range }
                && history.Operations.Any(x => x.Reply?.Revision >= range.Revision && x.ReturnedAt < op.CalledAt),
            op => op with { Outcome = Outcome.NotApplied, Reply = null, Refusal = RefusalReason.FutureRevision });

    private static History? RefuseAsCompacted(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: RangeReply, Call: RangeCall { Revision: > 0 } range }
                && !history.Operations.Any(x => x.Call is CompactCall compact
                    && compact.Revision > range.Revision && x.CalledAt <= op.ReturnedAt),
            op => op with { Outcome = Outcome.NotApplied, Reply = null, Refusal = RefusalReason.Compacted });

    private static History? RefuseLivingLease(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: KeepAliveReply { Seconds: > 0 }, Call: KeepAliveCall keep }
                && history.Operations.Any(x => x is { Reply: GrantReply, Call: GrantCall grant } && grant.Lease == keep.Lease
                    && x.ReturnedAt < op.CalledAt && op.ReturnedAt < x.CalledAt + ReferenceStore.GrantSeconds * 1_000_000_000)
                && !history.Operations.Any(x => x.Call is RevokeCall revoke && revoke.Lease == keep.Lease && x.CalledAt <= op.ReturnedAt),
            op => op with { Outcome = Outcome.NotApplied, Reply = null, Refusal = RefusalReason.LeaseNotFound });

    // All that renewed a lease whose keys expired now promises a longer life.
    private static History? ExpireEarly(History history, Random random)
    {
        var states = new StateHistory(history.Witness, []);
        var writers = new Writers(states, []);
        var timeline = new Timeline(history, states.LastRevision);
        ReplyRules.Check(history, states, timeline, writers, []);
        var leases = new LeaseRules(history, timeline);
        foreach (long revision in writers.Unclaimed())
        {
            if (!leases.ExplainsExpiry(states, revision) || timeline.ShownBy(revision) == long.MaxValue)
                continue;
            long lease = states.At(revision - 1).Find(states.EventsAt(revision)[0].Kv.Key)!.Lease;
            Operation? grant = history.Operations.FirstOrDefault(op =>
                op is { Reply: GrantReply, Call: GrantCall call } && call.Lease == lease);
            bool mayBeRevoked = history.Operations.Any(op => op is { Outcome: Outcome.Unknown, Call.MayWrite: true });
            if (grant is not null && !mayBeRevoked)
                return Breakage.Replace(history, grant, grant with { Reply = new GrantReply(grant.Reply!.Revision, 1_000) });
        }

        return null;
    }

    private static History? RenewEnded(History history, Random random) =>
        Breakage.ChangeOperation(
            history,
            random,
            op => op is { Reply: KeepAliveReply { Seconds: 0 }, Call: KeepAliveCall keep }
                && history.Operations.Any(x => x is { Reply: RevokeReply, Call: RevokeCall revoke }
                    && revoke.Lease == keep.Lease && x.ReturnedAt < op.CalledAt),
            op => op with { Reply = (KeepAliveReply)op.Reply! with { Seconds = 2 } });

    private static History? Overlap(History history, Random random) =>
        history.Operations.Count < 2 ? null : history with
        {
            Operations = [.. history.Operations, history.Operations[0] with { Id = -1 }],
        };
}
