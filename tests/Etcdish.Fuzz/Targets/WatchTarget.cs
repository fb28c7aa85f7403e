using Etcdish.Fuzz.Inputs;
using Etcdish.Fuzz.Reference;
using Etcdish.Store;
using Google.Protobuf;
using FilterType = Etcdish.Protos.WatchCreateRequest.Types.FilterType;

namespace Etcdish.Fuzz.Targets;

/// <summary>etcdserverpb.WatchRequest.</summary>
internal sealed class WatchTarget() : RequestTarget<Protos.WatchRequest>("watch")
{
    protected override byte[] MakeValid(Random random) => RandomMessages.Watch(random).ToByteArray();

    protected override Protos.WatchRequest Decode(byte[] input) => AsProtobuf.Watch(WatchRequestDecoder.Decode(input));

    protected override Protos.WatchRequest Reference(byte[] input)
    {
        var request = ProtobufReference.Parse(Protos.WatchRequest.Parser, input);
        if (request.CreateRequest is { } create)
        {
            FilterType[] kinds = [.. create.Filters.Where(kind => kind is FilterType.Noput or FilterType.Nodelete).Distinct().Order()];
            create.Filters.Clear();
            create.Filters.Add(kinds);
        }

        return request;
    }
}
