using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Testing;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>A connection to a <see cref="NamedServer"/>, or a socket of datagrams to one, from a namespace.</summary>
internal sealed class NamedClient : IDisposable
{
    /// <summary>For answers that should come at once.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;

    private NamedClient(string ns, AddressFamily family, bool isUdp) => _socket = NetworkNamespaces.In(
        ns, () => new Socket(family, isUdp ? SocketType.Dgram : SocketType.Stream, ProtocolType.Unspecified));

    /// <summary>Connects once: what the server says, or <c>refused</c>, or <c>silence</c>.</summary>
    /// <param name="ns">From where.</param>
    /// <param name="target">To where.</param>
    /// <param name="patience">How long is silence; null: a long time, since an answer is expected.</param>
    public static async Task<string> AskAsync(string ns, string target, TimeSpan? patience = null)
    {
        using var client = new NamedClient(ns, IPEndPoint.Parse(target).AddressFamily, isUdp: false);
        return await client.TryAsync(() => client.ConnectAsync(target, patience ?? _patience));
    }

    /// <summary>A connection that stays, and has said its first line.</summary>
    public static async Task<NamedClient> ConnectAsync(string ns, string target)
    {
        var client = new NamedClient(ns, IPEndPoint.Parse(target).AddressFamily, isUdp: false);
        await client.ConnectAsync(target, _patience);
        return client;
    }

    /// <summary>A socket of datagrams, always from one port.</summary>
    public static async Task<NamedClient> OpenUdpAsync(string ns, string target)
    {
        var client = new NamedClient(ns, IPEndPoint.Parse(target).AddressFamily, isUdp: true);
        await client._socket.ConnectAsync(IPEndPoint.Parse(target));
        return client;
    }

    /// <summary>Says something again; the answer.</summary>
    public Task<string> SayAsync(TimeSpan? patience = null) => TryAsync(async () =>
    {
        await _socket.SendAsync("?"u8.ToArray());
        return await ReadAsync(patience ?? _patience);
    });

    public void Dispose() => _socket.Dispose();

    private async Task<string> ConnectAsync(string target, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        await _socket.ConnectAsync(IPEndPoint.Parse(target), limit.Token);
        return await ReadAsync(patience);
    }

    private async Task<string> ReadAsync(TimeSpan patience)
    {
        using var limit = new CancellationTokenSource(patience);
        var line = new byte[100];
        var count = await _socket.ReceiveAsync(line, limit.Token);
        return count == 0 ? "closed" : Encoding.ASCII.GetString(line, 0, count).Trim();
    }

    private async Task<string> TryAsync(Func<Task<string>> ask)
    {
        try
        {
            return await ask();
        }
        catch (OperationCanceledException)
        {
            return "silence";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused ? "refused" : $"{e.SocketErrorCode}";
        }
    }
}
