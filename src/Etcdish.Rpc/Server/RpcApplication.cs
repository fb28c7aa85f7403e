using System.Collections.Frozen;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.Rpc;

/// <summary>
/// What Kestrel calls for every request: gRPC goes to its method, all else to the fallback. Whatever happens in a
/// handler ends as a gRPC status; an exception that escaped here would become an HTTP 500, which clients report as "Unknown".
/// </summary>
internal sealed class RpcApplication(
    FrozenDictionary<string, RpcMethod> methods, RpcServerOptions options, CancellationToken stopping) : IHttpApplication<ServerCall>
{
    private const string ContentType = "application/grpc";

    private readonly FrozenSet<string> _services = methods.Values.Select(method => method.Service).ToFrozenSet(StringComparer.Ordinal);

    public CancellationToken Stopping { get; } = stopping;

    public RpcObserver? Observer { get; } = options.Observer;

    public int MaxReceiveMessageBytes { get; } = options.MaxReceiveMessageBytes;

    /// <summary>The call object lives as long as Kestrel's pooled stream and is used again with it.</summary>
    public ServerCall CreateContext(IFeatureCollection contextFeatures)
    {
        ServerCall call;
        if (contextFeatures is IHostContextContainer<ServerCall> container)
        {
            call = container.HostContext ??= new ServerCall(this);
        }
        else
        {
            call = new ServerCall(this);
        }

        call.Begin(contextFeatures);
        return call;
    }

    public Task ProcessRequestAsync(ServerCall context)
    {
        IHttpRequestFeature request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        if (!IsGrpc(request))
        {
            return FallBackAsync(context, request);
        }

        IHttpResponseFeature response = context.Features.GetRequiredFeature<IHttpResponseFeature>();
        if (request.Method != "POST")
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "POST";
            return Task.CompletedTask;
        }

        response.Headers.ContentType = ContentType;
        if (!methods.TryGetValue(request.Path, out RpcMethod? method))
        {
            Finish(context, StatusCode.Unimplemented, TextOfUnknown(request.Path));
            return Task.CompletedTask;
        }

        return InvokeAsync(context, method);
    }

    public void DisposeContext(ServerCall context, Exception? exception) => context.End();

    private static bool IsGrpc(IHttpRequestFeature request)
    {
        // The exact protocol string: HTTP/1 cannot carry trailers to our clients, so gRPC over it is none.
        string? contentType = request.Headers.ContentType;
        return request.Protocol == HttpProtocol.Http2
            && contentType is not null
            && contentType.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
            && (contentType.Length == ContentType.Length || contentType[ContentType.Length] is '+' or ';');
    }

    private async Task InvokeAsync(ServerCall call, RpcMethod method)
    {
        StatusCode status = StatusCode.Internal;
        call.BeginMethod(method);
        try
        {
            string message = "";
            try
            {
                call.ReadTimeout();
                await method.Invoker(call).ConfigureAwait(false);
                if (call.Response.IsMidMessage)
                {
                    throw new InvalidOperationException($"{method} ended in the middle of a message.");
                }

                status = StatusCode.Ok;
            }
            catch (Exception exception)
            {
                (status, message) = StatusOf(call, exception);
            }

            Finish(call, status, message);
        }
        finally
        {
            call.EndMethod(status);
        }
    }

    private (StatusCode Status, string Message) StatusOf(ServerCall call, Exception exception)
    {
        if (exception is RpcException failure)
        {
            return (failure.Code == StatusCode.Ok ? StatusCode.Unknown : failure.Code, failure.Message);
        }

        // A lost client shows in many exceptions (cancelled, reset, aborted): what the call knows counts, not which came first.
        if (call.Aborted.IsCancellationRequested)
        {
            return (StatusCode.Canceled, "context canceled");
        }

        if (exception is OperationCanceledException)
        {
            if (call.IsDeadlinePassed)
            {
                return (StatusCode.DeadlineExceeded, "context deadline exceeded");
            }

            // The read or flush that a lost client cancels can end before its connection's token is cancelled: without another cause it was that.
            return Stopping.IsCancellationRequested
                ? (StatusCode.Unavailable, "the server is shutting down")
                : (StatusCode.Canceled, "context canceled");
        }

        options.OnHandlerFault?.Invoke(call.Method, exception);
        return (StatusCode.Internal, "internal error of the server, see its log");
    }

    /// <summary>
    /// Ends the call. An error before the first message is one HEADERS frame with END_STREAM, like grpc-go's; success and
    /// later errors come as trailers. A message cut short cannot be mended by a status: then the stream is reset.
    /// </summary>
    private static void Finish(ServerCall call, StatusCode status, string message)
    {
        if (call.Response.IsMidMessage)
        {
            const int InternalError = 2;
            call.Features.GetRequiredFeature<IHttpResetFeature>().Reset(InternalError);
            return;
        }

        bool trailersOnly = status != StatusCode.Ok && call.Response.MessageCount == 0 && !call.HasResponseStarted;
        IHeaderDictionary headers = trailersOnly ? call.ResponseHeaders : call.ResponseTrailers;
        headers.GrpcStatus = StatusTexts.Of(status);
        headers.GrpcMessage = PercentEncoding.Encode(message);
        if (trailersOnly)
        {
            MoveTrailers(call, headers);
        }
    }

    private static void MoveTrailers(ServerCall call, IHeaderDictionary headers)
    {
        IHeaderDictionary trailers = call.ResponseTrailers;
        if (trailers.Count == 0)
        {
            return;
        }

        foreach (var (name, value) in trailers)
        {
            headers[name] = value;
        }

        trailers.Clear();
    }

    private string TextOfUnknown(string path)
    {
        int slash = path.LastIndexOf('/');
        if (slash <= 0)
        {
            return $"malformed method name: \"{path}\"";
        }

        string service = path[1..slash];
        return _services.Contains(service)
            ? $"unknown method {path[(slash + 1)..]} for service {service}"
            : $"unknown service {service}";
    }

    private Task FallBackAsync(ServerCall call, IHttpRequestFeature request)
    {
        if (options.Fallback is not { } fallback)
        {
            call.Features.GetRequiredFeature<IHttpResponseFeature>().StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }

        // gRPC bounds each message and lets streams run for months; plain HTTP gets the usual bounds back here.
        if (call.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
        {
            bodySize.MaxRequestBodySize = options.MaxFallbackBodyBytes;
        }

        if (request.Protocol != HttpProtocol.Http2
            && call.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        }

        return fallback(new DefaultHttpContext(call.Features));
    }
}
