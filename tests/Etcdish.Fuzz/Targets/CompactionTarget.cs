using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.CompactionRequest.</summary>
internal sealed class CompactionTarget() : RequestTarget<Protos.CompactionRequest>("compaction")
{
    protected override byte[] MakeValid(Random random) =>
        new Protos.CompactionRequest { Revision = RandomMessages.Number(random), Physical = RandomMessages.Flag(random) }.ToByteArray();

    protected override Protos.CompactionRequest Decode(byte[] input)
    {
        var request = RequestDecoder.DecodeCompaction(input);
        return new Protos.CompactionRequest { Revision = request.Revision, Physical = request.Physical };
    }

    protected override Protos.CompactionRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.CompactionRequest.Parser, input);
}
