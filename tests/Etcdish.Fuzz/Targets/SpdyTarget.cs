using Etcdish.Streaming;
using Etcdish.Streaming.Tests;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// Whole SPDY connections of clients: streams, data, resets and pings, changed and cut off. The server must come to an end, and no input may
/// make it fail by anything but a broken rule or the connection's end.
/// </summary>
internal sealed class SpdyTarget : IFuzzTarget
{
    public string Name => "spdy";

    public byte[] MakeInput(Random random) => BrokenPeers.Break(random, BrokenPeers.MakeSpdy(random));

    public bool Accepts(byte[] input) => BrokenPeers.RunSpdyAsync(input, pieceBytes: 1 + (input.Length % 97)).GetAwaiter().GetResult() switch
    {
        null => true,
        StreamingProtocolException or EndOfStreamException => false,
        var other => throw new ContractException($"the connection ended by {other}"),
    };
}
