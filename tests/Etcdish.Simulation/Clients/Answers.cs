using Etcdish.Checkers;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>What a client is told.</summary>
internal readonly record struct Answer(Outcome Outcome, Reply? Reply, RefusalReason Refusal);

/// <summary>What the store answered, as histories have it.</summary>
internal static class Answers
{
    public static Answer Of(Call call, in ApplyResult result, IValueSource values) =>
        result.Error is { } error ? Of(error) : Ok(Reply(call, result, values));

    public static Answer Ok(Reply reply) => new(Outcome.Ok, reply, RefusalReason.Other);

    /// <summary>An error: those of the state machine and of admission say that nothing happened, all others leave it open.</summary>
    public static Answer Of(EtcdError error)
    {
        if (error == EtcdError.Compacted)
        {
            return Refused(RefusalReason.Compacted);
        }

        if (error == EtcdError.FutureRev)
        {
            return Refused(RefusalReason.FutureRevision);
        }

        if (error == EtcdError.LeaseNotFound)
        {
            return Refused(RefusalReason.LeaseNotFound);
        }

        bool neverHappened = error == EtcdError.LeaseExist || error == EtcdError.NotSupportedForLearner || error == EtcdError.NoSpace
            || error == EtcdError.RequestTooManyRequests || error == EtcdError.RequestTooLarge;
        return neverHappened ? Refused(RefusalReason.Other) : new Answer(Outcome.Unknown, null, RefusalReason.Other);
    }

    public static RangeReply Range(RangeResult result, IValueSource values, bool isInside = false) => new(
        isInside ? 0 : result.HeaderRevision,
        [.. result.Revisions.Select(version => Texts.KeyValue(version, values, !result.KeysOnly))],
        result.Count,
        result.More);

    public static TxnReply Txn(TxnResult result, long revision, IValueSource values) =>
        new(revision, result.Succeeded, [.. result.Responses.Select(response => Inside(response, values))]);

    private static Answer Refused(RefusalReason reason) => new(Outcome.NotApplied, null, reason);

    private static Reply Reply(Call call, in ApplyResult result, IValueSource values) => call switch
    {
        PutCall => new PutReply(result.Revision, Previous(result.PutPrevious, values)),
        DeleteCall => Delete(result.DeleteRange!, result.Revision, values),
        TxnCall => Txn(result.Txn!, result.Revision, values),
        CompactCall => new CompactReply(result.Revision),
        GrantCall => new GrantReply(result.Revision, result.LeaseTtl),
        RevokeCall => new RevokeReply(result.Revision),
        _ => throw new ArgumentException($"{call} is not answered by the log", nameof(call)),
    };

    private static Reply Inside(OpResult response, IValueSource values) => response.Kind switch
    {
        RequestOpKind.Put => new PutReply(0, Previous(response.PutPrevious, values)),
        RequestOpKind.DeleteRange => Delete(response.DeleteRange!, 0, values),
        RequestOpKind.Range => Range(response.Range!, values, isInside: true),
        _ => Txn(response.Txn!, 0, values),
    };

    private static DeleteReply Delete(DeleteRangeResult result, long revision, IValueSource values) =>
        new(revision, result.Deleted, [.. result.Previous.Select(version => Texts.KeyValue(version, values))]);

    private static KeyValue? Previous(KeyRevision? version, IValueSource values) =>
        version is null ? null : Texts.KeyValue(version, values);
}
