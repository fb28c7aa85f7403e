using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>Forwarded ports by the unmodified kubectl, over SPDY in a WebSocket and over raw SPDY.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed partial class KubectlPortForwardTests(bool isSpdy)
{
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(20);

    private StreamingCluster _cluster = null!;

    [SetUp]
    public async Task StartAsync() => _cluster = await StreamingCluster.StartAsync();

    [TearDown]
    public async Task StopAsync() => await _cluster.DisposeAsync();

    [Test]
    public async Task Each_side_may_end_first()
    {
        using var server = Listen();
        var serving = AnswerAfterTheEndAsync(server);
        using var kubectl = Forward(PortOf(server), out var port);

        var text = await AskAsync(port, "to the end");

        Assert.That(text, Is.EqualTo("to the end, and back"));
        await serving.WaitAsync(_limit);
    }

    [Test]
    public async Task Connections_run_side_by_side()
    {
        using var server = Listen();
        var serving = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => AnswerAfterTheEndAsync(server)));
        using var kubectl = Forward(PortOf(server), out var port);

        var texts = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AskAsync(port, $"{i}")));

        Assert.That(texts, Is.EqualTo(Enumerable.Range(0, 20).Select(i => $"{i}, and back")));
        await serving.WaitAsync(_limit);
    }

    [Test]
    public async Task Twenty_megabytes_go_through_unchanged()
    {
        var data = new byte[20 * 1024 * 1024];
        new Random(1).NextBytes(data);
        using var server = Listen();
        var serving = EchoAsync(server);
        using var kubectl = Forward(PortOf(server), out var port);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);

        var sending = client.GetStream().WriteAsync(data).AsTask();
        var received = new byte[data.Length];
        await client.GetStream().ReadExactlyAsync(received).AsTask().WaitAsync(TimeSpan.FromSeconds(40));

        await sending;
        Assert.That(received.AsSpan().SequenceEqual(data), Is.True);
        client.Close();
        await serving.WaitAsync(_limit);
    }

    [Test]
    public async Task A_port_where_nobody_listens_is_told()
    {
        using var kubectl = Forward(FreePorts.Take(), out var port);

        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var count = await client.GetStream().ReadAsync(new byte[1]).AsTask().WaitAsync(_limit);

        Assert.That(count, Is.Zero);
        Assert.That(
            kubectl.StandardError.Wait(text => text.Contains("error forwarding port", StringComparison.Ordinal), _limit),
            Is.True,
            kubectl.Describe);
    }

    private static Socket Listen()
    {
        var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        return listener;
    }

    private static int PortOf(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private static async Task AnswerAfterTheEndAsync(Socket listener)
    {
        using var socket = await listener.AcceptAsync();
        await using var stream = new NetworkStream(socket);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        await stream.WriteAsync(all.ToArray());
        await stream.WriteAsync(", and back"u8.ToArray());
    }

    private static async Task EchoAsync(Socket listener)
    {
        using var socket = await listener.AcceptAsync();
        await using var stream = new NetworkStream(socket);
        await stream.CopyToAsync(stream);
    }

    private static async Task<string> AskAsync(int port, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(text));
        client.Client.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync().WaitAsync(_limit);
    }

    private ChildProcess Forward(int target, out int port)
    {
        var kubectl = _cluster.Start(isSpdy, "port-forward", "pod/web", $":{target}");
        Assert.That(kubectl.StandardOutput.Wait(text => Announcement().IsMatch(text), _limit), Is.True, kubectl.Describe);
        port = int.Parse(Announcement().Match(kubectl.StandardOutput.Text).Groups[1].Value);
        return kubectl;
    }

    [GeneratedRegex(@"Forwarding from 127\.0\.0\.1:(\d+) ->")]
    private static partial Regex Announcement();
}
