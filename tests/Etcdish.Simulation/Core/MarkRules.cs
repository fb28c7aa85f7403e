using Etcdish.Checkers;

namespace Etcdish.Simulation;

/// <summary>Marks that operations leave.</summary>
internal static class MarkRules
{
    public static void Add(this Marks marks, Operation operation)
    {
        switch (operation)
        {
            case { Outcome: Outcome.Unknown }:
                marks.Add(Mark.UnknownOutcome);
                break;
            case { Refusal: RefusalReason.Compacted }:
                marks.Add(Mark.CompactedReadRefused);
                break;
            case { Refusal: RefusalReason.FutureRevision }:
                marks.Add(Mark.FutureReadRefused);
                break;
            case { Outcome: Outcome.NotApplied, Refusal: RefusalReason.Other }:
                marks.Add(Mark.WriteRefusedForSpace);
                break;
            case { Reply: TxnReply { Succeeded: false } }:
                marks.Add(Mark.TransactionElse);
                break;
        }
    }
}
