using System.Net;
using System.Net.Sockets;

namespace Etcdish.Cluster.Tests.Peers;

/// <summary>Passes connections on to a port of this machine, and cuts each after a number of bytes that chance gives.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Random _random;
    private readonly int _target;
    private readonly Task _accepting;

    public CuttingProxy(int target, int seed)
    {
        _target = target;
        _random = new Random(seed);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    public int Cuts { get; private set; }

    /// <summary>When set, connections stay whole.</summary>
    public bool IsHonest { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    // One connection at a time is enough for one direction.
    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            using Socket dialler = await _listener.AcceptSocketAsync(_stop.Token);
            using Socket target = new(SocketType.Stream, ProtocolType.Tcp);
            await target.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target), _stop.Token);
            Task back = PassAsync(target, dialler, long.MaxValue);
            await PassAsync(dialler, target, IsHonest ? long.MaxValue : _random.Next(200_000));
            Cuts++;
            dialler.Dispose();
            target.Dispose();
            await back;
        }
    }

    private async Task PassAsync(Socket from, Socket to, long limit)
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (limit > 0)
            {
                int read = await from.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(limit, buffer.Length)), _stop.Token);
                if (read == 0)
                {
                    return;
                }

                limit -= read;
                await to.SendAsync(buffer.AsMemory(0, read), _stop.Token);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side is gone, and soon the other.
        }
    }
}
