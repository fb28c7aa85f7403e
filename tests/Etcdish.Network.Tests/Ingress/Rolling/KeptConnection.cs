using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>
/// A connection of HTTP/1.1 that costs little: the load shares the machine with what it loads. Takes answers with a length only.
/// </summary>
internal sealed class KeptConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private byte[] _buffer = new byte[16 * 1024];
    private int _count;

    private KeptConnection(Stream stream) => _stream = stream;

    public static async Task<KeptConnection> OpenAsync(IPEndPoint address, string tlsHost, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address, cancellation);
        var stream = new NetworkStream(socket, ownsSocket: true);
        if (tlsHost.Length == 0)
        {
            return new KeptConnection(stream);
        }

        var tls = new SslStream(stream);
#pragma warning disable CA5359 // Certificates are looked at where they are the matter.
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = tlsHost,
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
#pragma warning restore CA5359
        await tls.AuthenticateAsClientAsync(options, cancellation);
        return new KeptConnection(tls);
    }

    /// <summary>A request as it is sent.</summary>
    public static byte[] MakeRequest(string host, ReadOnlySpan<byte> body)
    {
        var head = body.IsEmpty
            ? $"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"
            : $"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {body.Length}\r\n\r\n";
        return [.. Encoding.ASCII.GetBytes(head), .. body];
    }

    /// <summary>Sends a request and takes its answer. Null: it is what was expected; else what it was instead.</summary>
    public async ValueTask<string?> AskAsync(ReadOnlyMemory<byte> request, ReadOnlyMemory<byte> expected, CancellationToken cancellation)
    {
        await _stream.WriteAsync(request, cancellation);
        _count = 0;
        int head;
        while ((head = _buffer.AsSpan(0, _count).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await ReadAsync(cancellation);
        }

        var (body, length) = (head + 4, LengthIn(_buffer.AsSpan(0, head)));
        while (_count < body + length)
        {
            await ReadAsync(cancellation);
        }

        var isExpected = _buffer.AsSpan(0, head).StartsWith("HTTP/1.1 200 "u8)
            && _buffer.AsSpan(body, _count - body).SequenceEqual(expected.Span);
        return isExpected ? null : Encoding.Latin1.GetString(_buffer.AsSpan(0, Math.Min(_count, 500)));
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static int LengthIn(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && Utf8Parser.TryParse(head[(at + "Content-Length: ".Length)..], out int length, out _)
            ? length
            : throw new InvalidDataException($"an answer without a length: {Encoding.Latin1.GetString(head)}");
    }

    private async ValueTask ReadAsync(CancellationToken cancellation)
    {
        if (_count == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = await _stream.ReadAsync(_buffer.AsMemory(_count), cancellation);
        _count += read > 0 ? read : throw new EndOfStreamException($"the connection ended after {_count} bytes of an answer");
    }
}
