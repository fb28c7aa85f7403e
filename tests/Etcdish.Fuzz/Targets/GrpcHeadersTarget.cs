using System.Text;
using Etcdish.Fuzz.Inputs;
using Etcdish.Rpc.Wire;

namespace Etcdish.Fuzz.Targets;

/// <summary>The codecs of gRPC's header values: any text is decoded or refused without an exception, and what we encode comes back.</summary>
internal sealed class GrpcHeadersTarget : IFuzzTarget
{
    private static readonly string[] _valid = ["10S", "99999999H", "1n", "key is not provided", "100%25 sch%C3%B6n", "AAEC/w==", "AAEC/w"];

    public string Name => "grpcHeaders";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, MakeValid);

    public bool Accepts(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        _ = PercentEncoding.Decode(text);
        var isTimeout = GrpcTimeout.TryParse(text, out var timeout);
        if (isTimeout && (timeout < TimeSpan.Zero || !GrpcTimeout.TryParse(GrpcTimeout.Format(timeout), out var again) || again > timeout))
        {
            // A timeout of zero is sent as the shortest there is.
            Check(timeout == TimeSpan.Zero, $"timeout {timeout} does not come back");
        }

        var isBinary = BinaryMetadata.TryDecode(text, out _);
        Check(PercentEncoding.Decode(PercentEncoding.Encode(text)) == text, "percent encoding does not come back");
        Check(
            BinaryMetadata.TryDecode(BinaryMetadata.Encode(input), out var bytes) && bytes.AsSpan().SequenceEqual(input),
            "binary metadata does not come back");
        return isTimeout || isBinary;
    }

    private static byte[] MakeValid(Random random) => Encoding.Latin1.GetBytes(_valid[random.Next(_valid.Length)]);

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ContractException(otherwise);
        }
    }
}
