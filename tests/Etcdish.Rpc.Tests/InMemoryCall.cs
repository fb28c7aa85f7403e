using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Rpc.Tests;

/// <summary>One call through the application without Kestrel: the request body comes in the pieces that a test chooses.</summary>
internal sealed class InMemoryCall : IRequestBodyPipeFeature, IHttpResponseTrailersFeature, IHttpResetFeature
{
    private readonly Pipe _body;
    private readonly MemoryStream _response = new();
    private readonly HttpRequestFeature _request = new();
    private readonly StreamResponseBodyFeature _responseBody;
    private readonly HttpResponseFeature _responseHeaders = new();

    public InMemoryCall(string method, IReadOnlyList<byte[]> pieces)
    {
        // Each piece becomes a segment of its own, and the reader never waits: runs stay deterministic.
        _body = new Pipe(new PipeOptions(minimumSegmentSize: 1, pauseWriterThreshold: 0, useSynchronizationContext: false, pool: new ExactPool()));
        foreach (byte[] piece in pieces)
        {
            piece.CopyTo(_body.Writer.GetSpan(Math.Max(piece.Length, 1)));
            _body.Writer.Advance(piece.Length);
            _body.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();
        }

        _body.Writer.Complete();
        _request.Method = "POST";
        _request.Protocol = "HTTP/2";
        _request.Path = $"/etcdish.rpc.tests.Echo/{method}";
        _request.Headers.ContentType = "application/grpc";
        _responseBody = new StreamResponseBodyFeature(_response);
    }

    public PipeReader Reader => _body.Reader;

    public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();

    public IHeaderDictionary RequestHeaders => _request.Headers;

    public bool WasReset { get; private set; }

    public byte[] Response => _response.ToArray();

    public string Status => (Trailers.GrpcStatus.Count > 0 ? Trailers : _responseHeaders.Headers).GrpcStatus.ToString();

    public string Message => (Trailers.GrpcStatus.Count > 0 ? Trailers : _responseHeaders.Headers).GrpcMessage.ToString();

    public void Reset(int errorCode) => WasReset = true;

    public async Task RunAsync(RpcApplication application)
    {
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(_request);
        features.Set<IHttpResponseFeature>(_responseHeaders);
        features.Set<IHttpResponseBodyFeature>(_responseBody);
        features.Set<IRequestBodyPipeFeature>(this);
        features.Set<IHttpResponseTrailersFeature>(this);
        features.Set<IHttpResetFeature>(this);
        features.Set<IHttpRequestLifetimeFeature>(new HttpRequestLifetimeFeature());
        await application.RunAsync(features);
        await _responseBody.Writer.FlushAsync();
    }

    /// <summary>Memory of exactly the size asked for, so that pieces do not melt into one segment.</summary>
    private sealed class ExactPool : MemoryPool<byte>
    {
        public override int MaxBufferSize => int.MaxValue;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Owner(new byte[Math.Max(minBufferSize, 1)]);

        protected override void Dispose(bool disposing)
        {
        }

        private sealed record Owner(byte[] Bytes) : IMemoryOwner<byte>
        {
            public Memory<byte> Memory => Bytes;

            public void Dispose() => Array.Fill(Bytes, (byte)0xDD); // who reads it after its release shall notice
        }
    }
}
