using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Etcdish.Network.Tests.Ingress;

/// <summary>HTTP/1.1 written by hand, as no client library would.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    /// <summary>Sends bytes, and takes all that comes until the server closes.</summary>
    public static async Task<string> AskAsync(IngressBench bench, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(bench.Listener.HttpEndPoint);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var patience = new CancellationTokenSource(_patience);
        var answer = new StringBuilder();
        var buffer = new byte[16 * 1024];
        try
        {
            while (await client.GetStream().ReadAsync(buffer, patience.Token) is var count and > 0)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // What was refused with its body unread is reset.
        }

        return answer.ToString();
    }

    /// <summary>An endpoint that answers each connection's first request with fixed bytes, then closes it.</summary>
    public static RawEndpoint Serve(string answer) => new(Encoding.Latin1.GetBytes(answer));

    internal sealed class RawEndpoint : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly byte[] _answer;

        public RawEndpoint(byte[] answer)
        {
            _answer = answer;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Requests { get; private set; }

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    var stream = client.GetStream();
                    var head = "";
                    var buffer = new byte[1024];
                    while (!head.Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer) is var count and > 0)
                    {
                        head += Encoding.Latin1.GetString(buffer, 0, count);
                    }

                    Requests += head.Length > 0 ? 1 : 0;
                    await stream.WriteAsync(_answer);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
            {
                // The end of the test.
            }
        }
    }
}
