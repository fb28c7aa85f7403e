using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.LeaseGrantRequest.</summary>
internal sealed class LeaseGrantTarget() : RequestTarget<Protos.LeaseGrantRequest>("leaseGrant")
{
    protected override byte[] MakeValid(Random random) =>
        new Protos.LeaseGrantRequest { ID = RandomMessages.Number(random), TTL = RandomMessages.Number(random) }.ToByteArray();

    protected override Protos.LeaseGrantRequest Decode(byte[] input)
    {
        var request = RequestDecoder.DecodeLeaseGrant(input);
        return new Protos.LeaseGrantRequest { ID = request.Id, TTL = request.TtlSeconds };
    }

    protected override Protos.LeaseGrantRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.LeaseGrantRequest.Parser, input);
}
