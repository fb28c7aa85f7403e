using System.Buffers.Binary;
using Etcdish.Streaming.Spdy;

namespace Etcdish.Streaming.Tests;

internal sealed class HeaderBlockTests
{
    // Two blocks as a client sends them: one zlib stream with SPDY/3's dictionary, flushed behind each.
    private static readonly string[] _clientBlocks =
    [
        "78f9e3c6a7c202253a703a2b294a4dcc851625aca9a0808614cb45e01c6061606100a4398b20d198094ade8c0600000000ffff",
        "c2aa19540e2512d60b000000ffff",
    ];

    [Test]
    public void The_dictionary_is_the_published_one()
    {
        uint a = 1, b = 0;
        foreach (var value in HeaderDictionary.Bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }

        Assert.That((b << 16) | a, Is.EqualTo(HeaderDictionary.Id));
        Assert.That(HeaderDictionary.Bytes, Has.Length.EqualTo(1423));
    }

    [Test]
    public void Blocks_of_clients_are_read_in_a_row()
    {
        using var inflater = new HeaderInflater();

        var types = _clientBlocks.Select(block => Read(inflater, Convert.FromHexString(block))["StreamType"]);

        Assert.That(types, Is.EqualTo(new[] { "error", "data" }));
    }

    [Test]
    public void Our_blocks_are_read_in_a_row()
    {
        var deflater = new HeaderDeflater();
        using var inflater = new HeaderInflater();
        foreach (var value in new[] { "one", "two", "three" })
        {
            var block = deflater.Deflate(SpdyHeaders.Write(new Dictionary<string, string> { ["name"] = value }));

            Assert.That(Read(inflater, block), Is.EqualTo(new Dictionary<string, string> { ["name"] = value }));
        }
    }

    [Test]
    public void A_block_that_grows_beyond_the_limit_is_refused()
    {
        var block = new HeaderDeflater().Deflate(SpdyHeaders.Write(new Dictionary<string, string> { ["name"] = new('x', 100) }));
        using var inflater = new HeaderInflater();

        Assert.That(() => inflater.Inflate(block, new byte[64]), Throws.TypeOf<StreamingProtocolException>());
    }

    [Test]
    public void Another_dictionary_is_refused()
    {
        var block = Convert.FromHexString(_clientBlocks[0]);
        block[5] ^= 1;
        using var inflater = new HeaderInflater();

        Assert.That(() => inflater.Inflate(block, new byte[1024]), Throws.TypeOf<StreamingProtocolException>());
    }

    [Test]
    public void Headers_that_lie_about_their_lengths_are_refused()
    {
        var block = SpdyHeaders.Write(new Dictionary<string, string> { ["name"] = "value" });
        foreach (var at in new[] { 0, 4, 12 })
        {
            var changed = (byte[])block.Clone();
            BinaryPrimitives.WriteUInt32BigEndian(changed.AsSpan(at), 0x7FFF_FFFF);

            Assert.That(() => SpdyHeaders.Read(changed), Throws.TypeOf<StreamingProtocolException>(), $"at {at}");
        }

        Assert.That(() => SpdyHeaders.Read(block.AsSpan(0, block.Length - 1)), Throws.TypeOf<StreamingProtocolException>());
    }

    private static IReadOnlyDictionary<string, string> Read(HeaderInflater inflater, byte[] block)
    {
        var output = new byte[1024];
        return SpdyHeaders.Read(output.AsSpan(0, inflater.Inflate(block, output)));
    }
}
