using Etcdish.Fuzz.Inputs;
using Etcdish.Protos;
using Etcdish.Rpc;

namespace Etcdish.Fuzz.Targets;

/// <summary>The client's reader of response bodies: messages or an <see cref="RpcException"/>, whatever a server sends.</summary>
internal sealed class GrpcResponseTarget : IFuzzTarget
{
    private const int MaxMessageBytes = 4 << 20;

    public string Name => "grpcResponse";

    public byte[] MakeInput(Random random) => InputMutator.MakeInput(random, static r => GrpcBodies.Make(r, RandomMessages.Watch));

    // Google's parser was seen to allocate 2 MiB for 60 bytes in which a length close to 2 GiB overflows its limits.
    public long MostAllocatedBytes(byte[] input) => 32 << 20;

    public bool Accepts(byte[] input)
    {
        using var reader = new ResponseReader(new MemoryStream(input), MaxMessageBytes);
        try
        {
            var bytes = 0;
            while (reader.ReadAsync(WatchRequest.Parser, CancellationToken.None).AsTask().GetAwaiter().GetResult() is { } message)
            {
                bytes += 5;
                if (bytes > input.Length)
                {
                    throw new ContractException($"more messages than {input.Length} bytes can hold, the last is {message}");
                }
            }

            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }
}
