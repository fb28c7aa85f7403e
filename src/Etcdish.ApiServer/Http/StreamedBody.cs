using System.Buffers;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// A body that is written while its content is made. A small one goes out whole, with its length; from 128 KiB on it is sent in parts,
/// compressed if the client takes that, and no faster than the client reads. A body that is not completed must be aborted.
/// </summary>
internal sealed class StreamedBody : IBufferWriter<byte>, IDisposable
{
    /// <summary>What fits into a TLS record, beside what HTTP puts around it.</summary>
    private const int RecordBytes = (16 * 1024) - 64;

    private readonly HttpContext _http;
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _length;
    private MemoryStream? _packed;
    private GZipStream? _packing;

    /// <summary>Begins an answer of status 200; nothing is sent yet.</summary>
    public StreamedBody(HttpContext http, string contentType = ApiResponse.Json)
    {
        _http = http;
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = contentType;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Advance(int count) => _length += count;

    /// <summary>Sends what is there once it is worth it.</summary>
    public ValueTask FlushIfLargeAsync() => _length < ApiResponse.LargeBytes ? ValueTask.CompletedTask : SendPartAsync();

    /// <summary>Sends the rest.</summary>
    public async ValueTask CompleteAsync()
    {
        if (!_http.Response.HasStarted)
        {
            _http.Response.ContentLength = _length;
        }

        await SendPartAsync();
        if (_packing is not null)
        {
            await _packing.DisposeAsync();
            await SendPackedAsync();
        }
    }

    public void Dispose()
    {
        // Closes a compression that was broken off, too: it ends in memory, where nobody sends it.
        _packing?.Dispose();
        _packed?.Dispose();
        ArrayPool<byte>.Shared.Return(Interlocked.Exchange(ref _buffer, []));
    }

    private async ValueTask SendPartAsync()
    {
        if (!_http.Response.HasStarted && _length >= ApiResponse.LargeBytes && ApiResponse.AcceptsGzip(_http.Request))
        {
            _http.Response.ContentLength = null;
            ApiResponse.SayGzip(_http.Response);
            _packed = new MemoryStream();
            _packing = new GZipStream(_packed, CompressionLevel.Fastest, leaveOpen: true);
        }

        if (_packing is null)
        {
            await SendAsync(_buffer.AsMemory(0, _length));
        }
        else
        {
            _packing.Write(_buffer, 0, _length);
            await SendPackedAsync();
        }

        _length = 0;
        _http.RequestAborted.ThrowIfCancellationRequested();
    }

    private async ValueTask SendPackedAsync()
    {
        await SendAsync(_packed!.GetBuffer().AsMemory(0, (int)_packed.Length));
        _packed.SetLength(0);
    }

    /// <summary>In pieces of a TLS record: left to itself, the writer cuts four times as many.</summary>
    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var output = _http.Response.BodyWriter;
        while (bytes.Length > 0)
        {
            // What is asked for is a wish: behind a chunk's beginning Kestrel gives what is left of it.
            var room = output.GetSpan(Math.Min(bytes.Length, RecordBytes));
            var count = Math.Min(bytes.Length, room.Length);
            bytes.Span[..count].CopyTo(room);
            output.Advance(count);
            bytes = bytes[count..];
        }

        await output.FlushAsync(_http.RequestAborted);
    }

    private void Reserve(int size)
    {
        if (_buffer.Length - _length >= size)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _length + size));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
