using System.Text;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc.Tests;

/// <summary>Old etcd clients send a URL as the authority, which Kestrel alone would refuse.</summary>
public class AuthorityTests
{
    // What etcdctl 3.4.23 sends for "endpoint status" at http://127.0.0.1:15555, up to and with the authority.
    private const string EtcdctlBlock = "8386" + "459760A92488" + "2D9DCB6571AFA066A925A875" + "10AC6E48D36A3F"
        + "41909D29AEE30C044EAE05C0B86E05B6DB6F" + "5F8B1D75D0620D263D4C4D6564";

    [Test]
    public void The_authority_of_etcdctl_is_patched_in_place()
    {
        byte[] block = Convert.FromHexString(EtcdctlBlock);

        Assert.That(HeaderBlock.MendAuthority(block), Is.True);
        Assert.That(Convert.ToHexString(block), Is.EqualTo(EtcdctlBlock.Replace("9D29AEE30C", "9D29AEEACB", StringComparison.Ordinal)));
        Assert.That(HeaderBlock.MendAuthority(block), Is.False, "once it is mended it is in order");
    }

    [TestCase("http://127.0.0.1:2379", "httpB--127.0.0.1:2379")]
    [TestCase("https://db.example:2379", "httpsB--db.example:2379")]
    [TestCase("127.0.0.1:2379", "127.0.0.1:2379")]
    [TestCase("http-server:2379", "http-server:2379")]
    [TestCase("http", "http")]
    [TestCase("", "")]
    public void A_plain_literal_keeps_its_length(string authority, string expected)
    {
        byte[] block = [0x83, 0x41, (byte)authority.Length, .. Encoding.ASCII.GetBytes(authority)];

        Assert.That(HeaderBlock.MendAuthority(block), Is.EqualTo(authority != expected));
        Assert.That(Encoding.ASCII.GetString(block.AsSpan(3)), Is.EqualTo(expected));
    }

    [Test]
    public void A_secure_url_in_huffman_code_is_patched()
    {
        // "https://a": 46 bits of scheme, then 'a' (00011) and padding.
        byte[] block = [0x41, 0x87, 0x9D, 0x29, 0xAD, 0x17, 0x18, 0x60, 0xFF];

        Assert.That(HeaderBlock.MendAuthority(block), Is.True);
        Assert.That(block, Is.EqualTo(new byte[] { 0x41, 0x87, 0x9D, 0x29, 0xAD, 0x17, 0x56, 0x58, 0xFF }));
    }

    [Test]
    public void A_value_under_another_name_is_left_alone()
    {
        byte[] block = [0x40, 1, (byte)'x', 7, .. "http://"u8];
        byte[] before = [.. block];

        Assert.That(HeaderBlock.MendAuthority(block), Is.False);
        Assert.That(block, Is.EqualTo(before));
    }

    [Test]
    public void No_bytes_upset_the_search()
    {
        const int Seed = 20_261_122;
        var random = new Random(Seed);
        byte[] original = Convert.FromHexString(EtcdctlBlock);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] block = original.AsSpan(0, random.Next(original.Length + 1)).ToArray();
            for (int flips = random.Next(4); flips > 0 && block.Length > 0; flips--)
            {
                block[random.Next(block.Length)] = (byte)random.Next(256);
            }

            Assert.That(() => HeaderBlock.MendAuthority(block), Throws.Nothing, $"seed {Seed}, round {i}");
        }
    }

    [TestCase("http://127.0.0.1:2379")]
    [TestCase("https://db.example:2379")]
    public async Task A_call_with_a_url_as_authority_is_served_as_are_those_after_it(string authority)
    {
        await using EchoServer server = await EchoServer.StartAsync(options => options);
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(server.Port);
        foreach (int stream in (int[])[1, 3, 5])
        {
            byte[] block = Block(stream == 3 ? "plain.example" : authority);
            await client.SendAsync(FrameType.Headers, Frame.EndHeaders, stream, block);
            await client.SendDataAsync(stream, RawHttp2Client.Message("hello"u8), end: true);
            Frame headers = await client.ReceiveAsync(frame => frame.StreamId == stream);
            Frame data = await client.ReceiveAsync(frame => frame.StreamId == stream);
            Frame trailers = await client.ReceiveAsync(frame => frame.StreamId == stream);

            Assert.That(headers.Type, Is.EqualTo(FrameType.Headers));
            Assert.That(data.Text, Does.EndWith("hello"));
            Assert.That(trailers.IsEndOfStream, Is.True);
        }
    }

    /// <summary>Request headers with the authority under its number in the static table, as real clients send it.</summary>
    private static byte[] Block(string authority) =>
    [
        .. RawHttp2Client.HeaderBlock([(":method", "POST"), (":scheme", "http"), (":path", "/etcdish.rpc.tests.Echo/Raw")]),
        0x01, (byte)authority.Length, .. Encoding.ASCII.GetBytes(authority),
        .. RawHttp2Client.HeaderBlock([("content-type", "application/grpc")]),
    ];
}
