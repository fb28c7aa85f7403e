using System.IO.Compression;
using Etcdish.Fuzz.Inputs;
using Etcdish.Rpc;
using Etcdish.Rpc.Wire;

namespace Etcdish.Fuzz.Targets;

/// <summary>Compressed messages: decompressed within the limit, or an <see cref="RpcException"/>; never much more memory than the limit.</summary>
internal sealed class GzipTarget : IFuzzTarget
{
    private const int MaxMessageBytes = 100_000;

    public string Name => "gzip";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, MakeValid);

    public bool Accepts(byte[] input)
    {
        try
        {
            var message = Gzip.Decompress(GrpcBodies.InPieces(input), MaxMessageBytes);
            return message.Length <= MaxMessageBytes ? true : throw new ContractException($"{message.Length} bytes came out");
        }
        catch (RpcException)
        {
            return false;
        }
    }

    // Some of them far larger than the limit once they are decompressed.
    private static byte[] MakeValid(Random random)
    {
        var bytes = new byte[random.Next(50) == 0 ? 10 * MaxMessageBytes : random.Next(500)];
        random.NextBytes(bytes.AsSpan(0, random.Next(Math.Min(bytes.Length, 100) + 1)));
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }
}
