using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Fuzz.Reference;

/// <summary>
/// A transaction as etcd 3.4 to 3.6 reads it. Google's parser merges the second occurrence of the same operation in one RequestOp into the
/// first; the generated code of those etcds lets it replace the first, and so do we. No known client sends two. All else is Google's.
/// </summary>
internal static class TxnReference
{
    private const int DeepestTxn = Store.RequestDecoder.MaxTxnDepth;

    public static TxnRequest Parse(byte[] message)
    {
        _ = ProtobufReference.Parse(TxnRequest.Parser, message);
        return Parse(new CodedInputStream(message), depth: 1);
    }

    private static TxnRequest Parse(CodedInputStream input, int depth)
    {
        if (depth > DeepestTxn)
        {
            throw new TooDeepException();
        }

        var txn = new TxnRequest();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case (1 << 3) | 2:
                    txn.Compare.Add(Canonical(Compare.Parser.WithDiscardUnknownFields(true).ParseFrom(input.ReadBytes())));
                    break;
                case (2 << 3) | 2:
                    txn.Success.Add(ParseOp(input.ReadBytes().CreateCodedInput(), depth));
                    break;
                case (3 << 3) | 2:
                    txn.Failure.Add(ParseOp(input.ReadBytes().CreateCodedInput(), depth));
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return txn;
    }

    private static RequestOp ParseOp(CodedInputStream input, int depth)
    {
        var op = new RequestOp();
        for (var tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case (1 << 3) | 2:
                    op.RequestRange = RangeRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(input.ReadBytes());
                    break;
                case (2 << 3) | 2:
                    op.RequestPut = PutRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(input.ReadBytes());
                    break;
                case (3 << 3) | 2:
                    op.RequestDeleteRange = DeleteRangeRequest.Parser.WithDiscardUnknownFields(true).ParseFrom(input.ReadBytes());
                    break;
                case (4 << 3) | 2:
                    op.RequestTxn = Parse(input.ReadBytes().CreateCodedInput(), depth + 1);
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return op;
    }

    /// <summary>The compare with only that member of the union that its target looks at, zero when another one was set.</summary>
    private static Compare Canonical(Compare compare)
    {
        var canonical = new Compare { Result = compare.Result, Target = compare.Target, Key = compare.Key, RangeEnd = compare.RangeEnd };
        switch (compare.Target)
        {
            case Compare.Types.CompareTarget.Version:
                canonical.Version = compare.Version;
                break;
            case Compare.Types.CompareTarget.Create:
                canonical.CreateRevision = compare.CreateRevision;
                break;
            case Compare.Types.CompareTarget.Mod:
                canonical.ModRevision = compare.ModRevision;
                break;
            case Compare.Types.CompareTarget.Value:
                canonical.Value = compare.Value;
                break;
            case Compare.Types.CompareTarget.Lease:
                canonical.Lease = compare.Lease;
                break;
            default:
                break;
        }

        return canonical;
    }
}
