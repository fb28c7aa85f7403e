namespace Etcdish.Rpc.Tests;

/// <summary>Old etcd clients send a URL as the authority, which is no host name; this is what the server makes of it.</summary>
public class AuthorityTests
{
    [TestCase("http://127.0.0.1:2379")]
    [TestCase("https://db.example:2379")]
    [TestCase("http://[::1]:2379")]
    [TestCase("http://localhost:2379/")]
    [TestCase("unix:///run/etcd.sock")]
    [TestCase("unix://localhost:2379")]
    [TestCase("plain.example:2379")]
    public async Task A_call_is_served_as_are_those_after_it_that_name_the_authority_by_number(string authority)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(server.Port);
        byte[] literal = ModelHpack.Literal(ModelHpack.Indexing, 1, authority, isHuffman: true);

        await CallAsync(client, 1, Block(literal));
        await CallAsync(client, 3, Block(ModelHpack.Indexed(62)));

        // Evicts it: the other side's table and this one must go on agreeing.
        await CallAsync(client, 5, [.. ModelHpack.TableSize(0), .. ModelHpack.TableSize(4096), .. Block(literal)]);
        await CallAsync(client, 7, Block(ModelHpack.Indexed(62)));
    }

    [TestCase("http://127.0.0.1:2379")]
    [TestCase("plain.example:2379")]
    public async Task A_first_frame_that_comes_in_two_parts_is_served(string authority)
    {
        await using EchoServer server = await EchoServer.StartAsync();
        byte[] block = Block(ModelHpack.Literal(ModelHpack.Indexing, 1, authority, isHuffman: true));
        byte[] frame = [0, 0, (byte)block.Length, 1, 4, 0, 0, 0, 1, .. block];
        foreach (int cut in (int[])[3, 9, 20, frame.Length - 1])
        {
            using RawHttp2Client client = await RawHttp2Client.ConnectSilentlyAsync(server.Port);

            // In one packet, so that the settings' ACK says that the first part was read as well.
            await client.SendBytesAsync((byte[])[.. RawHttp2Client.Preface, 0, 0, 0, 4, 0, 0, 0, 0, 0, .. frame.AsSpan(0, cut)]);
            await client.ReceiveAsync(received => received is { Type: FrameType.Settings, Flags: Frame.Ack });
            await client.SendBytesAsync(frame.AsMemory(cut));
            await AssertAnswerAsync(client, 1);
        }
    }

    [Test]
    public async Task Headers_that_go_on_in_a_CONTINUATION_are_served()
    {
        await using EchoServer server = await EchoServer.StartAsync();
        using RawHttp2Client client = await RawHttp2Client.ConnectAsync(server.Port);
        byte[] block = Block(ModelHpack.Literal(ModelHpack.Indexing, 1, "http://127.0.0.1:2379", isHuffman: true));

        await client.SendAsync(FrameType.Headers, 0, 1, block.AsSpan(0, block.Length - 10));
        await client.SendAsync(FrameType.Continuation, Frame.EndHeaders, 1, block.AsSpan(block.Length - 10));

        await AssertAnswerAsync(client, 1);
    }

    /// <summary>Makes a call and checks the answer.</summary>
    internal static async Task CallAsync(RawHttp2Client client, int stream, byte[] block)
    {
        await client.SendAsync(FrameType.Headers, Frame.EndHeaders, stream, block);
        await AssertAnswerAsync(client, stream);
    }

    private static async Task AssertAnswerAsync(RawHttp2Client client, int stream)
    {
        await client.SendDataAsync(stream, RawHttp2Client.Message("hello"u8), end: true);
        Frame headers = await client.ReceiveAsync(frame => frame.StreamId == stream);
        Frame data = await client.ReceiveAsync(frame => frame.StreamId == stream);
        Frame trailers = await client.ReceiveAsync(frame => frame.StreamId == stream);

        Assert.That(headers.Type, Is.EqualTo(FrameType.Headers));
        Assert.That(data.Text, Does.EndWith("hello"));
        Assert.That(trailers.IsEndOfStream, Is.True);
    }

    /// <summary>Headers of a call to an echo, with its authority as given.</summary>
    internal static byte[] Block(byte[] authority) =>
    [
        .. RawHttp2Client.HeaderBlock((":method", "POST"), (":scheme", "http"), (":path", "/etcdish.rpc.tests.Echo/Raw")),
        .. authority,
        .. RawHttp2Client.HeaderBlock(("content-type", "application/grpc"), ("te", "trailers")),
    ];
}
