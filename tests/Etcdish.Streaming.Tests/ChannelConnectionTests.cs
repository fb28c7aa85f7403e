using System.Net.WebSockets;
using System.Text;
using Etcdish.Streaming.WebSockets;

namespace Etcdish.Streaming.Tests;

internal sealed class ChannelConnectionTests
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    [TestCase("v5.channel.k8s.io")]
    [TestCase("v4.base64.channel.k8s.io")]
    public async Task Channels_are_apart(string name)
    {
        var protocol = new[] { ChannelProtocol.V5, ChannelProtocol.V4Base64 }.Single(p => p.Name == name);
        await using var client = Connect(protocol, new StreamingLimits(), out var server);
        await using var serverEnd = server;

        await server.Channels[1].WriteAsync("out"u8.ToArray());
        await server.Channels[2].WriteAsync("err"u8.ToArray());
        await client.Channels[0].WriteAsync("in"u8.ToArray());

        Assert.That(await ReadAsync(client.Channels[1], 3), Is.EqualTo("out"));
        Assert.That(await ReadAsync(client.Channels[2], 3), Is.EqualTo("err"));
        Assert.That(await ReadAsync(server.Channels[0], 2), Is.EqualTo("in"));
    }

    [Test]
    public async Task A_client_of_version_5_ends_its_input_and_reads_on()
    {
        await using var client = Connect(ChannelProtocol.V5, new StreamingLimits(), out var server);
        await using var serverEnd = server;

        await client.Channels[0].WriteAsync("all"u8.ToArray());
        await client.Channels[0].CompleteWritesAsync();
        var input = await ReadToEndAsync(server.Channels[0]);
        await server.Channels[1].WriteAsync("done"u8.ToArray());

        Assert.That(input, Is.EqualTo("all"));
        Assert.That(await ReadAsync(client.Channels[1], 4), Is.EqualTo("done"));
    }

    [Test]
    public async Task A_client_of_version_4_ends_its_input_by_leaving()
    {
        await using var client = Connect(ChannelProtocol.V4, new StreamingLimits(), out var server);
        await using var serverEnd = server;
        await client.Channels[0].WriteAsync("all"u8.ToArray());

        var leaving = client.CloseAsync();

        Assert.That(await ReadToEndAsync(server.Channels[0]), Is.EqualTo("all"));
        await leaving.WaitAsync(_limit);
    }

    [Test]
    public async Task A_lost_connection_is_no_end_of_input()
    {
        var client = Connect(ChannelProtocol.V4, new StreamingLimits(), out var server);
        await using var serverEnd = server;
        await client.DisposeAsync();

        Assert.That(async () => await ReadToEndAsync(server.Channels[0]), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Leaving_loses_nothing_that_was_written_though_input_is_left_unread()
    {
        var limits = new StreamingLimits { ReceiveBufferBytes = 1024 };
        await using var client = Connect(ChannelProtocol.V5, limits, out var server);
        var input = client.Channels[0].WriteAsync(new byte[1024 * 1024]).AsTask();
        await server.Channels[0].ReadExactlyAsync(new byte[1]);

        await server.Channels[3].WriteAsync("the last word"u8.ToArray());
        var leaving = server.CloseAsync();

        Assert.That(await ReadToEndAsync(client.Channels[3]), Is.EqualTo("the last word"));
        await leaving.WaitAsync(_limit);
        await input.WaitAsync(_limit).ContinueWith(done => Assert.That(done.Exception?.InnerException, Is.Null.Or.InstanceOf<IOException>()));
    }

    [Test]
    public async Task A_writer_waits_for_the_reader()
    {
        await using var client = Connect(ChannelProtocol.V5, new StreamingLimits { ReceiveBufferBytes = 64 * 1024 }, out var server);
        await using var serverEnd = server;
        var data = new byte[4 * 1024 * 1024];
        new Random(7).NextBytes(data);

        var writing = client.Channels[0].WriteAsync(data).AsTask();
        var first = new byte[1];
        await server.Channels[0].ReadExactlyAsync(first);

        Assert.That(writing.IsCompleted, Is.False);
        var rest = new byte[data.Length - 1];
        await server.Channels[0].ReadExactlyAsync(rest).AsTask().WaitAsync(_limit);
        await writing.WaitAsync(_limit);
        Assert.That((byte[])[.. first, .. rest], Is.EqualTo(data));
    }

    [Test]
    public async Task A_malformed_message_ends_the_connection()
    {
        var (clientEnd, serverEnd) = DuplexPipe.Make();
        using var client = WebSocket.CreateFromStream(clientEnd, new WebSocketCreationOptions { IsServer = false });
        await using var server = Serve(serverEnd, ChannelProtocol.V4Base64, new StreamingLimits());

        await client.SendAsync("9!"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);

        var answer = await client.ReceiveAsync(new byte[16], default).WaitAsync(_limit);
        Assert.That(answer.CloseStatus, Is.EqualTo(WebSocketCloseStatus.ProtocolError));
        Assert.That(async () => await ReadToEndAsync(server.Channels[0]), Throws.InstanceOf<IOException>());
    }

    private static ChannelConnection Connect(ChannelProtocol protocol, StreamingLimits limits, out ChannelConnection server)
    {
        var (clientEnd, serverEnd) = DuplexPipe.Make();
        server = Serve(serverEnd, protocol, limits);
        var socket = WebSocket.CreateFromStream(clientEnd, new WebSocketCreationOptions { IsServer = false });
        return new ChannelConnection(socket, protocol, channels: 5, isServer: false, limits);
    }

    private static ChannelConnection Serve(Stream transport, ChannelProtocol protocol, StreamingLimits limits) => new(
        WebSocket.CreateFromStream(transport, new WebSocketCreationOptions { IsServer = true }), protocol, channels: 5, isServer: true, limits);

    private static async Task<string> ReadAsync(Stream stream, int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(_limit);
        return Encoding.ASCII.GetString(bytes);
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all).WaitAsync(_limit);
        return Encoding.ASCII.GetString(all.ToArray());
    }
}
