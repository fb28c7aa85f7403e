using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.DeleteRangeRequest.</summary>
internal sealed class DeleteRangeTarget() : RequestTarget<Protos.DeleteRangeRequest>("deleteRange")
{
    protected override byte[] MakeValid(Random random) => RandomMessages.DeleteRange(random).ToByteArray();

    protected override Protos.DeleteRangeRequest Decode(byte[] input) => AsProtobuf.DeleteRange(RequestDecoder.DecodeDeleteRange(input));

    protected override Protos.DeleteRangeRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.DeleteRangeRequest.Parser, input);
}
