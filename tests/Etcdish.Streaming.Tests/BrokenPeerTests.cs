namespace Etcdish.Streaming.Tests;

/// <summary>Clients that break the rules, or off: each costs its own connection, which ends.</summary>
internal sealed class BrokenPeerTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    [Test]
    public async Task Lawful_clients_of_SPDY_are_served_to_their_end([Range(1, 20)] int seed)
    {
        var failure = await BrokenPeers.RunSpdyAsync(BrokenPeers.MakeSpdy(new Random(seed)), pieceBytes: seed).WaitAsync(_limit);

        Assert.That(failure, Is.Null);
    }

    [Test]
    public async Task Lawful_clients_of_channels_are_served_to_their_end([Range(1, 20)] int seed)
    {
        var isWhole = await BrokenPeers.RunChannelsAsync(BrokenPeers.MakeChannels(new Random(seed)), pieceBytes: seed).WaitAsync(_limit);

        Assert.That(isWhole, Is.True);
    }

    [Test]
    public async Task SPDY_may_break_off_at_any_byte()
    {
        var script = BrokenPeers.MakeSpdy(new Random(5));
        for (var length = 0; length < script.Length; length++)
        {
            var failure = await BrokenPeers.RunSpdyAsync(script[..length], pieceBytes: 4096).WaitAsync(_limit);

            Assert.That(failure, Is.Null.Or.InstanceOf<EndOfStreamException>(), $"cut at {length}");
        }
    }

    [Test]
    public async Task A_WebSocket_may_break_off_at_any_byte()
    {
        var script = BrokenPeers.MakeChannels(new Random(5));
        for (var length = 0; length < script.Length; length++)
        {
            await BrokenPeers.RunChannelsAsync(script[..length], pieceBytes: 4096).WaitAsync(_limit);
        }
    }

    [Test]
    public async Task Broken_clients_cost_their_connection_only([Values("spdy", "channels")] string protocol)
    {
        for (var seed = 1; seed <= 1500; seed++)
        {
            var random = new Random(seed);
            var lawful = protocol == "spdy" ? BrokenPeers.MakeSpdy(random) : BrokenPeers.MakeChannels(random);
            var script = BrokenPeers.Break(random, lawful);
            try
            {
                var pieceBytes = random.Next(1, 300);
                await (protocol == "spdy"
                    ? BrokenPeers.RunSpdyAsync(script, pieceBytes)
                    : (Task)BrokenPeers.RunChannelsAsync(script, pieceBytes)).WaitAsync(_limit);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
        }
    }
}
