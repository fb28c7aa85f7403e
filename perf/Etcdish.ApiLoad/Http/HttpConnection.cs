using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Etcdish.ApiLoad.Http;

/// <summary>An answer as the generator looks at it.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Bytes">Bytes of the body.</param>
internal readonly record struct Answer(int Status, long Bytes);

/// <summary>A connection of HTTP/1.1 over TLS that costs little: one request at a time, bodies are counted and dropped.</summary>
internal sealed class HttpConnection : IAsyncDisposable
{
    private readonly SslStream _stream;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;

    private HttpConnection(SslStream stream) => _stream = stream;

    public static async Task<HttpConnection> OpenAsync(IPEndPoint endPoint, X509Certificate2? certificate, CancellationToken cancellation)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(Options(certificate), cancellation);
            return new HttpConnection(stream);
        }
        catch
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }

            socket.Dispose();
            throw;
        }
    }

    private static SslClientAuthenticationOptions Options(X509Certificate2? certificate) => new()
    {
        TargetHost = "localhost",
        ClientCertificates = certificate is null ? null : [certificate],
#pragma warning disable CA5359 // The server is this process's own child, and what is sent to it is no secret.
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
    };

    public static byte[] Get(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");

    public static byte[] WithBody(string method, string path, string contentType, string body) => Encoding.UTF8.GetBytes(
        $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    public ValueTask SendAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation) => _stream.WriteAsync(request, cancellation);

    /// <summary>Reads a whole answer.</summary>
    public async ValueTask<Answer> ReadAnswerAsync(CancellationToken cancellation)
    {
        AnswerHead head = await ReadHeadAsync(cancellation);
        if (head.Length is { } length)
        {
            await SkipAsync(length, cancellation);
            return new Answer(head.Status, length);
        }

        long total = 0;
        while (true)
        {
            long chunk = await ReadChunkSizeAsync(cancellation);
            await SkipAsync(chunk + 2, cancellation);
            if (chunk == 0)
            {
                return new Answer(head.Status, total);
            }

            total += chunk;
        }
    }

    /// <summary>Reads the head of an answer; its body follows.</summary>
    public async ValueTask<AnswerHead> ReadHeadAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await FillAsync(cancellation);
        }

        AnswerHead head = AnswerHead.Parse(_buffer.AsSpan(_start, length));
        _start += length + 4;
        return head;
    }

    /// <summary>The lines that end in what has come, at least one byte of it; for answers in lines of JSON, in which no CR stands.</summary>
    public async ValueTask<int> CountLinesAsync(CancellationToken cancellation)
    {
        if (_start == _end)
        {
            await FillAsync(cancellation);
        }

        ReadOnlySpan<byte> come = _buffer.AsSpan(_start, _end - _start);
        int lines = come.Count((byte)'\n') - come.Count((byte)'\r');
        _start = _end;
        return lines;
    }

    /// <summary>Takes one chunk of a body that comes in chunks. False if the answer has ended.</summary>
    public async ValueTask<bool> ReadChunkAsync(IBufferWriter<byte> output, CancellationToken cancellation)
    {
        long rest = await ReadChunkSizeAsync(cancellation);
        bool isLast = rest == 0;
        while (rest > 0)
        {
            if (_start == _end)
            {
                await FillAsync(cancellation);
            }

            int some = (int)Math.Min(rest, _end - _start);
            output.Write(_buffer.AsSpan(_start, some));
            _start += some;
            rest -= some;
        }

        await SkipAsync(2, cancellation);
        return !isLast;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async ValueTask<long> ReadChunkSizeAsync(CancellationToken cancellation)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8)) < 0)
        {
            await FillAsync(cancellation);
        }

        long size = Convert.ToInt64(Encoding.ASCII.GetString(_buffer, _start, length), 16);
        _start += length + 2;
        return size;
    }

    private async ValueTask SkipAsync(long count, CancellationToken cancellation)
    {
        while (count > _end - _start)
        {
            count -= _end - _start;
            _start = _end;
            await FillAsync(cancellation);
        }

        _start += (int)count;
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_end == _buffer.Length)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        int read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read > 0 ? read : throw new IOException("the server closed the connection");
    }
}
