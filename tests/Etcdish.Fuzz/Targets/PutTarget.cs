using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.PutRequest.</summary>
internal sealed class PutTarget() : RequestTarget<Protos.PutRequest>("put")
{
    protected override byte[] MakeValid(Random random) => RandomMessages.Put(random).ToByteArray();

    protected override Protos.PutRequest Decode(byte[] input) => AsProtobuf.Put(RequestDecoder.DecodePut(input));

    protected override Protos.PutRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.PutRequest.Parser, input);
}
