using Etcdish.Fuzz.Inputs;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Fuzz.Targets;

/// <summary>The log's own lease checkpoints: pairs of varints, against Google's reader of varints.</summary>
internal sealed class LeaseCheckpointTarget() : RequestTarget<List<KeyValuePair<long, long>>>("leaseCheckpoint")
{
    protected override byte[] MakeValid(Random random)
    {
        var bytes = new MemoryStream();
        var output = new CodedOutputStream(bytes);
        for (var pairs = random.Next(6); pairs > 0; pairs--)
        {
            output.WriteInt64(RandomMessages.Number(random));
            output.WriteInt64(RandomMessages.Number(random));
        }

        output.Flush();
        return bytes.ToArray();
    }

    protected override List<KeyValuePair<long, long>> Decode(byte[] input)
    {
        var pairs = new List<KeyValuePair<long, long>>();
        RequestDecoder.DecodeLeaseCheckpoint(input, pairs);
        return pairs;
    }

    protected override List<KeyValuePair<long, long>> Reference(byte[] input)
    {
        var pairs = new List<KeyValuePair<long, long>>();
        var reader = new CodedInputStream(input);
        while (!reader.IsAtEnd)
        {
            var id = reader.ReadInt64();
            pairs.Add(new(id, reader.ReadInt64()));
        }

        return pairs;
    }

    protected override bool AreEqual(List<KeyValuePair<long, long>> ours, List<KeyValuePair<long, long>> theirs) => ours.SequenceEqual(theirs);
}
