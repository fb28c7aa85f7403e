using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.RangeRequest.</summary>
internal sealed class RangeTarget() : RequestTarget<Protos.RangeRequest>("range")
{
    protected override byte[] MakeValid(Random random) => RandomMessages.Range(random).ToByteArray();

    protected override Protos.RangeRequest Decode(byte[] input) => AsProtobuf.Range(RequestDecoder.DecodeRange(input));

    protected override Protos.RangeRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.RangeRequest.Parser, input);
}
