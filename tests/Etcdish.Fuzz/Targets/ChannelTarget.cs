using Etcdish.Streaming.Tests;

namespace Etcdish.Fuzz.Targets;

/// <summary>
/// Whole WebSockets of clients with channels: data, half-closes, pings and fragments, changed and cut off. The server must come to an end.
/// </summary>
internal sealed class ChannelTarget : IFuzzTarget
{
    public string Name => "channels";

    public byte[] MakeInput(Random random) => BrokenPeers.Break(random, BrokenPeers.MakeChannels(random));

    public bool Accepts(byte[] input) => BrokenPeers.RunChannelsAsync(input, pieceBytes: 1 + (input.Length % 97)).GetAwaiter().GetResult();
}
