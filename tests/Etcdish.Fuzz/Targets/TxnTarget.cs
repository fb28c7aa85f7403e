using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.TxnRequest, against <see cref="TxnReference"/>.</summary>
internal sealed class TxnTarget() : RequestTarget<Protos.TxnRequest>("txn")
{
    protected override byte[] MakeValid(Random random) => RandomMessages.Txn(random).ToByteArray();

    protected override Protos.TxnRequest Decode(byte[] input) => AsProtobuf.Txn(RequestDecoder.DecodeTxn(input));

    protected override Protos.TxnRequest Reference(byte[] input) => TxnReference.Parse(input);
}
