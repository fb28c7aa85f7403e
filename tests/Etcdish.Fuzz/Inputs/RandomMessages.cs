using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Fuzz.Inputs;

/// <summary>Random requests as a client may send them, made with Google's types so that they owe nothing to our encoder.</summary>
internal static class RandomMessages
{
    private const int DeepestTxn = 4;

    public static RangeRequest Range(Random random) => new()
    {
        Key = Bytes(random, 20),
        RangeEnd = Bytes(random, 20),
        Limit = Number(random),
        Revision = Number(random),
        SortOrder = (RangeRequest.Types.SortOrder)random.Next(-1, 4),
        SortTarget = (RangeRequest.Types.SortTarget)random.Next(-1, 6),
        Serializable = Flag(random),
        KeysOnly = Flag(random),
        CountOnly = Flag(random),
        MinModRevision = Number(random),
        MaxModRevision = Number(random),
        MinCreateRevision = Number(random),
        MaxCreateRevision = Number(random),
    };

    public static PutRequest Put(Random random) => new()
    {
        Key = Bytes(random, 20),
        Value = Bytes(random, 200),
        Lease = Number(random),
        PrevKv = Flag(random),
        IgnoreValue = Flag(random),
        IgnoreLease = Flag(random),
    };

    public static DeleteRangeRequest DeleteRange(Random random) =>
        new() { Key = Bytes(random, 20), RangeEnd = Bytes(random, 20), PrevKv = Flag(random) };

    public static TxnRequest Txn(Random random) => Txn(random, depth: 1);

    public static WatchRequest Watch(Random random) => random.Next(4) switch
    {
        0 => new WatchRequest { CancelRequest = new WatchCancelRequest { WatchId = Number(random) } },
        1 => new WatchRequest { ProgressRequest = new WatchProgressRequest() },
        _ => new WatchRequest { CreateRequest = WatchCreate(random) },
    };

    public static ByteString Bytes(Random random, int most) => ByteString.CopyFrom(InputMutator.RandomBytes(random, most));

    /// <summary>Often 0, often small, sometimes from the far ends.</summary>
    public static long Number(Random random) => random.Next(6) switch
    {
        0 or 1 => 0,
        2 => random.Next(-2, 200),
        3 => random.NextInt64(),
        4 => -random.NextInt64(),
        _ => long.MaxValue - random.Next(2),
    };

    public static bool Flag(Random random) => random.Next(2) == 0;

    private static WatchCreateRequest WatchCreate(Random random)
    {
        var create = new WatchCreateRequest
        {
            Key = Bytes(random, 20),
            RangeEnd = Bytes(random, 20),
            StartRevision = Number(random),
            ProgressNotify = Flag(random),
            PrevKv = Flag(random),
            WatchId = Number(random),
            Fragment = Flag(random),
        };
        for (var filters = random.Next(4); filters > 0; filters--)
        {
            create.Filters.Add((WatchCreateRequest.Types.FilterType)random.Next(-1, 3));
        }

        return create;
    }

    private static TxnRequest Txn(Random random, int depth)
    {
        var txn = new TxnRequest();
        for (var i = random.Next(3); i > 0; i--)
        {
            txn.Compare.Add(Compare(random));
        }

        for (var i = random.Next(4); i > 0; i--)
        {
            (Flag(random) ? txn.Success : txn.Failure).Add(Op(random, depth));
        }

        return txn;
    }

    private static RequestOp Op(Random random, int depth) => random.Next(depth < DeepestTxn ? 9 : 8) switch
    {
        0 or 1 => new RequestOp { RequestRange = Range(random) },
        2 or 3 or 4 => new RequestOp { RequestPut = Put(random) },
        5 or 6 => new RequestOp { RequestDeleteRange = DeleteRange(random) },
        7 => new RequestOp(),
        _ => new RequestOp { RequestTxn = Txn(random, depth + 1) },
    };

    private static Compare Compare(Random random)
    {
        var compare = new Compare
        {
            Result = (Compare.Types.CompareResult)random.Next(-1, 5),
            Target = (Compare.Types.CompareTarget)random.Next(-1, 6),
            Key = Bytes(random, 20),
            RangeEnd = Bytes(random, 8),
        };
        switch (random.Next(6))
        {
            case 0:
                compare.Version = Number(random);
                break;
            case 1:
                compare.CreateRevision = Number(random);
                break;
            case 2:
                compare.ModRevision = Number(random);
                break;
            case 3:
                compare.Value = Bytes(random, 20);
                break;
            case 4:
                compare.Lease = Number(random);
                break;
            default:
                break;
        }

        return compare;
    }
}
