using Etcdish.Rpc.Tests.Protos;
using Google.Protobuf;

namespace Etcdish.Rpc.Tests;

/// <summary>Handlers of the Echo service. A request's "command" makes them misbehave in the way a test wants.</summary>
internal sealed class EchoHandlers
{
    private readonly TaskCompletionSource _blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _canceled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _responsesFlushed;

    /// <summary>Completes when a handler waits at a "block" or "hold" command.</summary>
    public Task Blocked => _blocked.Task;

    /// <summary>Completes when the token of a waiting handler was cancelled.</summary>
    public Task Canceled => _canceled.Task;

    public int ResponsesFlushed => Volatile.Read(ref _responsesFlushed);

    /// <summary>Lets handlers at a "hold" command go on.</summary>
    public void Release() => _release.TrySetResult();

    public RpcServices Register(RpcServices services)
    {
        services.AddService(EchoServer.Descriptor)
            .Unary<EchoRequest, EchoResponse>("Unary", UnaryAsync)
            .RawUnary("Raw", Raw, inline: true)
            .ServerStream<EchoRequest, EchoResponse>("ServerStream", ServerStreamAsync)
            .ClientStream<EchoRequest, EchoResponse>("ClientStream", ClientStreamAsync)
            .Duplex<EchoRequest, EchoResponse>("Duplex", DuplexAsync)
            .RawStream("RawDuplex", RawDuplexAsync);
        return services;
    }

    private static async ValueTask RawDuplexAsync(RpcRequests requests, RpcResponse responses, ServerCall call)
    {
        while (await requests.MoveNextAsync())
        {
            responses.Write(requests.Current.Span);
            await responses.FlushAsync();
        }
    }

    // The request and the response of this service agree in their first two fields, so the bytes echo as they are.
    private static ValueTask Raw(ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        response.Write(request.Span);
        return ValueTask.CompletedTask;
    }

    private static async Task<EchoResponse> ClientStreamAsync(IAsyncEnumerable<EchoRequest> requests, ServerCall call)
    {
        int count = 0;
        await foreach (EchoRequest request in requests)
        {
            count += request.Payload.Length;
        }

        return new EchoResponse { Count = count };
    }

    private async ValueTask<EchoResponse> UnaryAsync(EchoRequest request, ServerCall call)
    {
        switch (request.Command)
        {
            case "fail":
                throw new RpcException((StatusCode)request.Count, "key is not provided: 100 % schön");
            case "bug":
                throw new InvalidOperationException("a bug of the handler");
            case "trailer":
                call.ResponseTrailers["x-note"] = "after";
                call.ResponseHeaders["x-head"] = "before";
                break;
            case "block":
                await BlockAsync(call.CancellationToken);
                break;
            case "hold":
                _blocked.TrySetResult();
                await _release.Task;
                break;
            case "metadata":
                return new EchoResponse
                {
                    Text = call.GetMetadata("x-text") ?? "",
                    Payload = ByteString.CopyFrom(call.GetBinaryMetadata("x-data-bin") ?? []),
                };
            case "timeout":
                return new EchoResponse { Text = call.Timeout?.ToString() ?? "none" };
            case "peer":
                return new EchoResponse { Text = $"{call.Peer?.Address} {call.ClientCertificate?.Subject} {call.IsTls}" };
            case "size":
                return new EchoResponse { Payload = ByteString.CopyFrom(new byte[request.Count]) };
            default:
                break;
        }

        return new EchoResponse { Payload = request.Payload, Count = request.Count };
    }

    private async Task ServerStreamAsync(EchoRequest request, ResponseStream<EchoResponse> responses, ServerCall call)
    {
        for (int i = 0; i < request.Count; i++)
        {
            await responses.WriteAsync(new EchoResponse { Count = i, Payload = request.Payload });
            Interlocked.Increment(ref _responsesFlushed);
        }

        if (request.Command == "block")
        {
            await BlockAsync(call.CancellationToken);
        }
        else if (request.Command == "fail")
        {
            throw new RpcException(StatusCode.Aborted, "half way");
        }
    }

    private async Task DuplexAsync(IAsyncEnumerable<EchoRequest> requests, ResponseStream<EchoResponse> responses, ServerCall call)
    {
        try
        {
            await foreach (EchoRequest request in requests)
            {
                await responses.WriteAsync(new EchoResponse { Payload = request.Payload, Count = request.Count });
            }
        }
        catch (OperationCanceledException)
        {
            _canceled.TrySetResult();
            throw;
        }
    }

    private async Task BlockAsync(CancellationToken token)
    {
        _blocked.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, token);
        }
        catch (OperationCanceledException)
        {
            _canceled.TrySetResult();
            throw;
        }
    }
}
