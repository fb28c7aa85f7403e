using System.Net;
using System.Net.Sockets;
using Etcdish.Network.Dns.Messages;
using Etcdish.Network.Dns.Serving;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Dns;

/// <summary>What connections may cost.</summary>
public sealed class StreamListenerTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private ManualClock _clock = null!;
    private CancellationTokenSource _stop = null!;
    private DnsServer _server = null!;
    private Task _serving = null!;

    [SetUp]
    public void Start()
    {
        var bench = new ZoneBench();
        (_clock, _stop) = (new ManualClock(), new CancellationTokenSource());
        _server = DnsServer.Open([new IPEndPoint(IPAddress.Loopback, 0)]);
        _serving = _server.RunAsync(bench.Responder, bench.Forwarder, _clock, new StreamLimits(2, TimeSpan.FromSeconds(10)), _stop.Token);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _server.Dispose();
        _stop.Dispose();
    }

    [Test]
    public async Task Connections_beyond_the_limit_are_closed_and_those_that_end_make_room()
    {
        using (var first = await ConnectAsync())
        using (var second = await ConnectAsync())
        {
            Assert.That(await IsAnsweredAsync(first));
            Assert.That(await IsAnsweredAsync(second));
            using var third = await ConnectAsync();
            Assert.That(await IsAnsweredAsync(third), Is.False);
            Assert.That(await IsAnsweredAsync(first), "the others stay");
        }

        using var patience = new CancellationTokenSource(_patience);
        for (var isAnswered = false; !isAnswered;)
        {
            patience.Token.ThrowIfCancellationRequested();
            using var next = await ConnectAsync();
            isAnswered = await IsAnsweredAsync(next);
        }
    }

    [Test]
    public async Task A_silent_connection_is_closed()
    {
        using var client = await ConnectAsync();
        Assert.That(await IsAnsweredAsync(client));
        using var patience = new CancellationTokenSource(_patience);
        var closed = client.GetStream().ReadAsync(new byte[1], patience.Token).AsTask();
        while (!closed.IsCompleted)
        {
            // The server's wait begins when it has sent its answer, which may be a moment after that has come.
            _clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.That(await closed, Is.Zero);
    }

    private async Task<TcpClient> ConnectAsync()
    {
        var client = new TcpClient();
        await client.ConnectAsync(_server.Listening[0]);
        return client;
    }

    private static async Task<bool> IsAnsweredAsync(TcpClient client)
    {
        using var patience = new CancellationTokenSource(_patience);
        var query = Messages.Query("cluster.local", RecordType.Soa);
        try
        {
            await client.GetStream().WriteAsync(new byte[] { 0, (byte)query.Length }.Concat(query).ToArray(), patience.Token);
            var prefix = new byte[2];
            if (await client.GetStream().ReadAtLeastAsync(prefix, 2, throwOnEndOfStream: false, patience.Token) < 2)
            {
                return false;
            }

            var reply = new byte[prefix[1]];
            await client.GetStream().ReadExactlyAsync(reply, patience.Token);
            return Messages.Text(reply).StartsWith("NoError", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
