using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Etcdish.Network.Tests.Dns;

/// <summary>A name server outside of the cluster that says what a test wants.</summary>
internal sealed class StubNameServer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _datagrams = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TcpListener _streams;
    private readonly Channel<byte[]> _asked = Channel.CreateUnbounded<byte[]>();
    private readonly Task _serving;

    /// <summary>Starts one.</summary>
    /// <param name="answer">The messages with which a query is answered, by whether it came on a connection.</param>
    public StubNameServer(Func<byte[], bool, IEnumerable<byte[]>> answer)
    {
        while (true)
        {
            _datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _streams = new TcpListener(Address);
            try
            {
                _streams.Start();
                break;
            }
            catch (SocketException)
            {
                // Somebody has the port for connections: another one.
                _datagrams.Dispose();
            }
        }

        _serving = Task.WhenAll(ServeDatagramsAsync(answer), ServeStreamsAsync(answer));
    }

    public IPEndPoint Address => (IPEndPoint)_datagrams.LocalEndPoint!;

    /// <summary>How many queries came.</summary>
    public int Count { get; private set; }

    /// <summary>Waits for a query.</summary>
    public Task<byte[]> NextAsync() => _asked.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _datagrams.Dispose();
        _streams.Dispose();
        _stop.Dispose();
    }

    private async Task ServeDatagramsAsync(Func<byte[], bool, IEnumerable<byte[]>> answer)
    {
        var buffer = new byte[4096];
        while (true)
        {
            var from = await _datagrams.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            foreach (var reply in Note(buffer[..from.ReceivedBytes], answer, isStream: false))
            {
                await _datagrams.SendToAsync(reply, SocketFlags.None, from.RemoteEndPoint, _stop.Token);
            }
        }
    }

    private async Task ServeStreamsAsync(Func<byte[], bool, IEnumerable<byte[]>> answer)
    {
        while (true)
        {
            using var client = await _streams.AcceptTcpClientAsync(_stop.Token);
            await using var stream = client.GetStream();
            var prefix = new byte[2];
            await stream.ReadExactlyAsync(prefix, _stop.Token);
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(prefix)];
            await stream.ReadExactlyAsync(query, _stop.Token);
            foreach (var reply in Note(query, answer, isStream: true))
            {
                await stream.WriteAsync(new[] { (byte)(reply.Length >> 8), (byte)reply.Length }, _stop.Token);
                await stream.WriteAsync(reply, _stop.Token);
            }
        }
    }

    private List<byte[]> Note(byte[] query, Func<byte[], bool, IEnumerable<byte[]>> answer, bool isStream)
    {
        Count++;
        var replies = answer(query, isStream).ToList();
        _asked.Writer.TryWrite(query);
        return replies;
    }
}
