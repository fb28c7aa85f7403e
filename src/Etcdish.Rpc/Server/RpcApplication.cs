using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.Features;

namespace Etcdish.Rpc;

/// <summary>
/// Runs calls, whatever they came in on. Whatever happens in a handler ends as a gRPC status; an exception that escaped here would be an
/// end without one, which clients report as "Unknown".
/// </summary>
internal sealed class RpcApplication(FrozenDictionary<string, RpcMethod> methods, RpcServerOptions options, CancellationToken stopping)
{
    private readonly FrozenSet<string> _services = methods.Values.Select(method => method.Service).ToFrozenSet(StringComparer.Ordinal);

    public CancellationToken Stopping { get; } = stopping;

    public RpcObserver? Observer { get; } = options.Observer;

    public int MaxReceiveMessageBytes { get; } = options.MaxReceiveMessageBytes;

    /// <summary>The method of a path, null when there is none: see <see cref="RefuseUnknown"/>.</summary>
    public RpcMethod? Find(string path) => methods.GetValueOrDefault(path);

    /// <summary>A call made inside the process.</summary>
    public ServerCall CreateContext(IFeatureCollection features)
    {
        var call = new ServerCall(this);
        call.Begin(new FeatureTransport(features));
        return call;
    }

    /// <summary>Runs a call made inside the process; completes when its handler has ended.</summary>
    public async Task RunAsync(IFeatureCollection features)
    {
        var transport = new FeatureTransport(features);
        transport.ResponseHeaders.ContentType = "application/grpc";
        if (Find(transport.Path) is not { } method)
        {
            RefuseUnknown(transport, transport.Path);
            return;
        }

        var call = new ServerCall(this);
        call.Begin(transport);
        call.BeginMethod(method);
        await InvokeAsync(call).ConfigureAwait(false);
        call.End();
    }

    /// <summary>Settles a call of a method that does not exist.</summary>
    public void RefuseUnknown(CallTransport transport, string path) =>
        transport.SetOutcome(StatusCode.Unimplemented, TextOfUnknown(path), trailersOnly: true);

    /// <summary>Runs the call's method to its end and settles the outcome; does not throw.</summary>
    /// <param name="call">A call whose method has begun.</param>
    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    public async ValueTask InvokeAsync(ServerCall call)
    {
        StatusCode status;
        string message = "";
        try
        {
            call.ReadTimeout();
            await call.Method.Invoker(call).ConfigureAwait(false);
            if (call.Response.IsMidMessage)
            {
                throw new InvalidOperationException($"{call.Method} ended in the middle of a message.");
            }

            status = StatusCode.Ok;
        }
        catch (Exception exception)
        {
            (status, message) = StatusOf(call, exception);
        }

        Settle(call, status, message);
        call.EndMethod(status);
    }

    /// <summary>Reports a bug of a handler.</summary>
    public void ReportFault(RpcMethod method, Exception exception) => options.OnHandlerFault?.Invoke(method, exception);

    /// <summary>
    /// Settles how the call ends. An error before the first message is one HEADERS frame with END_STREAM, like grpc-go's; success and
    /// later errors come as trailers. A message cut short cannot be mended by a status: then the stream is reset.
    /// </summary>
    private void Settle(ServerCall call, StatusCode status, string message)
    {
        if (call.Response.IsMidMessage)
        {
            call.Transport.SetBroken();
            return;
        }

        try
        {
            bool trailersOnly = status != StatusCode.Ok && call.Response.MessageCount == 0 && !call.Transport.HasResponseStarted;
            call.Transport.SetOutcome(status, message, trailersOnly);
        }
        catch (ArgumentException badHeader)
        {
            ReportFault(call.Method, badHeader);
            call.Transport.SetBroken();
        }
    }

    private (StatusCode Status, string Message) StatusOf(ServerCall call, Exception exception)
    {
        if (exception is RpcException failure)
        {
            return (failure.Code == StatusCode.Ok ? StatusCode.Unknown : failure.Code, failure.Message);
        }

        // A lost client shows in many exceptions (cancelled, reset, aborted): what the call knows counts, not which came first.
        if (call.Transport.IsAborted)
        {
            return (StatusCode.Canceled, "context canceled");
        }

        if (exception is OperationCanceledException)
        {
            if (call.IsDeadlinePassed)
            {
                return (StatusCode.DeadlineExceeded, "context deadline exceeded");
            }

            return Stopping.IsCancellationRequested
                ? (StatusCode.Unavailable, "the server is shutting down")
                : (StatusCode.Canceled, "context canceled");
        }

        ReportFault(call.Method, exception);
        return (StatusCode.Internal, "internal error of the server, see its log");
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
}
