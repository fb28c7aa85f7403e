using System.Runtime.CompilerServices;
using Etcdish.Rpc;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Server.Services;

/// <summary>Registers handlers that may throw the store's refusals, behind the checks that hold for every call.</summary>
internal static class HandlerExtensions
{
    public static RpcService AddRaw(
        this RpcService service, string method, ServiceContext context, RawUnaryHandler handler, bool inline = false) =>
        service.RawUnary(method, (request, response, call) => RunAsync(context, handler, request, response, call), inline);

    public static RpcService AddRawStream(this RpcService service, string method, ServiceContext context, RawStreamHandler handler) =>
        service.RawStream(method, async (requests, responses, call) =>
        {
            CancellationToken leaderLost = ServiceContext.DemandsLeader(call) ? context.Leadership.LeaderLost : CancellationToken.None;
            using CancellationTokenRegistration stop = leaderLost.UnsafeRegister(
                static state => ((RpcRequests)state!).StopWaiting(), requests);
            try
            {
                context.Admit(call);
                await handler(requests, responses, call).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (leaderLost.IsCancellationRequested)
            {
                throw EtcdError.NoLeader.ToRpc();
            }
            catch (Exception e) when (EtcdErrors.TryTranslate(e, out RpcException? status))
            {
                throw status;
            }
        });

    public static RpcService Add<TRequest, TResponse>(
        this RpcService service, string method, ServiceContext context, UnaryHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        service.Unary<TRequest, TResponse>(method, async (request, call) =>
        {
            try
            {
                context.Admit(call);
                return await handler(request, call).ConfigureAwait(false);
            }
            catch (Exception e) when (EtcdErrors.TryTranslate(e, out RpcException? status))
            {
                throw status;
            }
        });

    public static RpcService AddStream<TRequest, TResponse>(
        this RpcService service, string method, ServiceContext context, ServerStreamHandler<TRequest, TResponse> handler)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        service.ServerStream<TRequest, TResponse>(method, async (request, responses, call) =>
        {
            try
            {
                context.Admit(call);
                await handler(request, responses, call).ConfigureAwait(false);
            }
            catch (Exception e) when (EtcdErrors.TryTranslate(e, out RpcException? status))
            {
                throw status;
            }
        });

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private static async ValueTask RunAsync(
        ServiceContext context, RawUnaryHandler handler, ReadOnlyMemory<byte> request, RpcResponse response, ServerCall call)
    {
        try
        {
            context.Admit(call);
            await handler(request, response, call).ConfigureAwait(false);
        }
        catch (Exception e) when (EtcdErrors.TryTranslate(e, out RpcException? status))
        {
            throw status;
        }
    }
}
