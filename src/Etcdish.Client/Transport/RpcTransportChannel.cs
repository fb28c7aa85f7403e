using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Etcdish.Rpc;
using Google.Protobuf;

namespace Etcdish.Client.Transport;

/// <summary>Temporary: a plain channel over SocketsHttpHandler until Etcdish.Rpc's own is merged.</summary>
internal sealed class RpcTransportChannel : ITransportChannel
{
    private readonly HttpMessageInvoker _http;
    private readonly Uri _base;

    public RpcTransportChannel(string address, EtcdClientOptions options)
    {
        SocketsHttpHandler handler = new()
        {
            ConnectTimeout = options.DialTimeout,
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
        };
        if (options.Tls is not null)
        {
            handler.SslOptions = options.Tls;
        }

        _base = new Uri(address);
        _http = new HttpMessageInvoker(handler);
    }

    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        TResponse? answer = null;
        await foreach (TResponse response in ServerStreamAsync(method, request, metadata, cancellationToken))
        {
            answer = response;
        }

        return answer ?? throw new RpcException(StatusCode.Internal, "the server answered OK without a message");
    }

    public async IAsyncEnumerable<TResponse> ServerStreamAsync<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, TRequest request, CallMetadata metadata,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        await using Duplex<TRequest, TResponse> duplex = new(this, method, metadata, Frame(request));
        await foreach (TResponse response in duplex.ReadAllAsync(cancellationToken))
        {
            yield return response;
        }
    }

    public IDuplexStream<TRequest, TResponse> OpenDuplex<TRequest, TResponse>(
        EtcdMethod<TRequest, TResponse> method, CallMetadata metadata, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new() => new Duplex<TRequest, TResponse>(this, method, metadata, null);

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private static byte[] Frame(IMessage message)
    {
        byte[] frame = new byte[5 + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        message.WriteTo(frame.AsSpan(5));
        return frame;
    }

    private sealed class Duplex<TRequest, TResponse> : HttpContent, IDuplexStream<TRequest, TResponse>
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        private readonly EtcdMethod<TRequest, TResponse> _method;
        private readonly byte[]? _single;
        private readonly TaskCompletionSource<Stream> _body = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _end = new();
        private readonly Task<HttpResponseMessage> _response;

        public Duplex(RpcTransportChannel channel, EtcdMethod<TRequest, TResponse> method, CallMetadata metadata, byte[]? single)
        {
            _method = method;
            _single = single;
            Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
            HttpRequestMessage http = new(HttpMethod.Post, new Uri(channel._base, method.Path))
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = this,
            };
            http.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            if (!string.IsNullOrEmpty(metadata.Token))
            {
                http.Headers.TryAddWithoutValidation(CallMetadata.TokenHeader, metadata.Token);
            }

            if (metadata.RequireLeader)
            {
                http.Headers.TryAddWithoutValidation(CallMetadata.RequireLeaderHeader, "true");
            }

            _response = channel._http.SendAsync(http, _end.Token);
            _ = _response.ContinueWith(
                t => _body.TrySetException(t.Exception!.InnerException!),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted,
                TaskScheduler.Default);
        }

        public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
        {
            try
            {
                Stream body = await _body.Task.WaitAsync(cancellationToken);
                await body.WriteAsync(Frame(message), cancellationToken);
                await body.FlushAsync(cancellationToken);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                throw new RpcException(StatusCode.Unavailable, e.Message, e);
            }
        }

        public async IAsyncEnumerable<TResponse> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            using CancellationTokenRegistration registration = cancellationToken.Register(_end.Cancel);
            while (await NextAsync(cancellationToken) is TResponse message)
            {
                yield return message;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            _done.TrySetResult();
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            if (_single is not null)
            {
                await stream.WriteAsync(_single);
                return;
            }

            await stream.FlushAsync();
            _body.TrySetResult(stream);
            await _done.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        private async Task<TResponse?> NextAsync(CancellationToken cancellationToken)
        {
            try
            {
                HttpResponseMessage response = await _response;
                ThrowIfFailed(response.Headers);
                Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
                byte[] prefix = new byte[5];
                if (await stream.ReadAtLeastAsync(prefix, 5, throwOnEndOfStream: false, cancellationToken) < 5)
                {
                    ThrowIfFailed(response.TrailingHeaders);
                    return null;
                }

                byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(1))];
                await stream.ReadExactlyAsync(message, cancellationToken);
                return _method.ResponseParser.ParseFrom(message);
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                throw new RpcException(StatusCode.Unavailable, e.Message, e);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new RpcException(StatusCode.Unavailable, "the channel was closed");
            }
        }

        private static void ThrowIfFailed(HttpHeaders headers)
        {
            if (headers.TryGetValues("grpc-status", out IEnumerable<string>? status) && status.First() is string code && code != "0")
            {
                string text = headers.TryGetValues("grpc-message", out IEnumerable<string>? message) ? message.First() : "";
                throw new RpcException((StatusCode)int.Parse(code, null), Uri.UnescapeDataString(text));
            }
        }
    }
}
