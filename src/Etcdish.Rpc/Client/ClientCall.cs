using System.Diagnostics;
using System.Net;
using System.Runtime.ExceptionServices;
using Etcdish.Rpc.Wire;
using Google.Protobuf;

namespace Etcdish.Rpc;

/// <summary>One call on the client from its headers to its status, whatever its kind; the public call types are faces of it.</summary>
internal sealed class ClientCall : IDisposable
{
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource _end;
    private readonly RequestContent _content;
    private readonly HttpRequestMessage _request;
    private readonly Task<HttpResponseMessage> _response;
    private readonly int _maxMessageBytes;
    private readonly long _startTimestamp = Stopwatch.GetTimestamp();
    private readonly TimeSpan? _timeout;
    private ResponseReader? _reader;
    private bool _disposed;

    public ClientCall(HttpMessageInvoker http, HttpRequestMessage request, RequestContent content, CallOptions options, int maxMessageBytes)
    {
        _callerToken = options.CancellationToken;
        _timeout = options.Timeout;
        _content = content;
        _request = request;
        _maxMessageBytes = maxMessageBytes;
        _end = CancellationTokenSource.CreateLinkedTokenSource(_callerToken);
        if (_timeout is { } timeout)
        {
            _end.CancelAfter(timeout < TimeSpan.Zero ? TimeSpan.Zero : timeout);
        }

        _response = SendAsync(http);
    }

    public RequestContent Content => _content;

    public CancellationToken EndToken => _end.Token;

    /// <summary>Waits for the response's headers.</summary>
    public async ValueTask<Metadata> HeadersAsync()
    {
        HttpResponseMessage response = await ResponseAsync().ConfigureAwait(false);
        return Collect(response.Headers);
    }

    /// <summary>The trailers, once the last message was read.</summary>
    public Metadata Trailers()
    {
        if (!_response.IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The trailers come after the last message.");
        }

        HttpResponseMessage response = _response.Result;
        return Collect(CallFailures.FindStatus(response.Headers) is null ? response.TrailingHeaders : response.Headers);
    }

    /// <summary>The next message; null when the call has ended with OK. Any other end throws.</summary>
    public async ValueTask<T?> ReadAsync<T>(MessageParser<T> parser)
        where T : class, IMessage<T>
    {
        HttpResponseMessage response = await ResponseAsync().ConfigureAwait(false);
        try
        {
            if (CallFailures.FindStatus(response.Headers) is { } status)
            {
                return ThrowUnlessOk<T>(status);
            }

            _reader ??= new ResponseReader(await response.Content.ReadAsStreamAsync(_end.Token).ConfigureAwait(false), _maxMessageBytes);
            return await _reader.ReadAsync(parser, _end.Token).ConfigureAwait(false)
                ?? ThrowUnlessOk<T>(
                    CallFailures.FindStatus(response.TrailingHeaders)
                    ?? (StatusCode.Internal, "the server ended the call without a status"));
        }
        catch (Exception failure) when (failure is not RpcException)
        {
            ExceptionDispatchInfo.Throw(Explain(failure));
            throw;
        }
    }

    /// <summary>What a failure of the transport means to the caller of this call.</summary>
    public Exception Explain(Exception failure)
    {
        if (failure is RpcException)
        {
            return failure;
        }

        if (_end.IsCancellationRequested)
        {
            if (_callerToken.IsCancellationRequested)
            {
                return new OperationCanceledException("The call was cancelled.", failure, _callerToken);
            }

            return _disposed
                ? new OperationCanceledException("The call was disposed.", failure)
                : new RpcException(StatusCode.DeadlineExceeded, "context deadline exceeded", failure)
                {
                    RequestNotSent = !_content.SendingBegan,
                };
        }

        return CallFailures.FromTransport(failure, _content.SendingBegan);
    }

    /// <summary>Ends the call; the server sees its stream reset if it was still running.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        (_content as MessageStreamContent)?.Fail(new ObjectDisposedException(nameof(ClientCall)));
        _end.Cancel();
        _reader?.Dispose();
        _ = _response.ContinueWith(
            static response =>
            {
                if (response.IsCompletedSuccessfully)
                {
                    response.Result.Dispose();
                }
                else
                {
                    _ = response.Exception; // observed: perhaps nobody ever read
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        _request.Dispose();
        _end.Dispose();
    }

    private static T? ThrowUnlessOk<T>((StatusCode Code, string Message) status)
        where T : class =>
        status.Code == StatusCode.Ok ? null : throw new RpcException(status.Code, status.Message);

    private static Metadata Collect(System.Net.Http.Headers.HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in headers.NonValidated)
        {
            foreach (string value in values)
            {
                metadata.AddReceived(name, value);
            }
        }

        return metadata;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker http)
    {
        if (_timeout is { } timeout)
        {
            _request.Headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(timeout));
        }

        try
        {
            return await http.SendAsync(_request, _end.Token).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            Exception explained = Explain(failure);
            (_content as MessageStreamContent)?.Fail(explained);
            ExceptionDispatchInfo.Throw(explained);
            throw;
        }
    }

    private async ValueTask<HttpResponseMessage> ResponseAsync()
    {
        HttpResponseMessage response = await _response.ConfigureAwait(false);
        bool isGrpc = response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;
        return response.StatusCode == HttpStatusCode.OK && isGrpc ? response : throw CallFailures.FromHttp(response);
    }
}
