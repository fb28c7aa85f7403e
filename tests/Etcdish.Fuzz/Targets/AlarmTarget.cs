using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.AlarmRequest.</summary>
internal sealed class AlarmTarget() : RequestTarget<Protos.AlarmRequest>("alarm")
{
    protected override byte[] MakeValid(Random random) => new Protos.AlarmRequest
    {
        Action = (Protos.AlarmRequest.Types.AlarmAction)random.Next(-1, 4),
        MemberID = (ulong)RandomMessages.Number(random),
        Alarm = (Protos.AlarmType)random.Next(-1, 4),
    }.ToByteArray();

    protected override Protos.AlarmRequest Decode(byte[] input)
    {
        var request = RequestDecoder.DecodeAlarm(input);
        return new Protos.AlarmRequest
        {
            Action = (Protos.AlarmRequest.Types.AlarmAction)request.Action,
            MemberID = request.MemberId,
            Alarm = (Protos.AlarmType)request.Type,
        };
    }

    protected override Protos.AlarmRequest Reference(byte[] input) => ProtobufReference.Parse(Protos.AlarmRequest.Parser, input);
}
