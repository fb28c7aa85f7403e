using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.LeaseRevokeRequest.</summary>
internal sealed class LeaseRevokeTarget() : RequestTarget<Protos.LeaseRevokeRequest>("leaseRevoke")
{
    protected override byte[] MakeValid(Random random) =>
        new Protos.LeaseRevokeRequest { ID = RandomMessages.Number(random) }.ToByteArray();

    protected override Protos.LeaseRevokeRequest Decode(byte[] input) => new() { ID = RequestDecoder.DecodeLeaseRevoke(input) };

    protected override Protos.LeaseRevokeRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.LeaseRevokeRequest.Parser, input);
}
