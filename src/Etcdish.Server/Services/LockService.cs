using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Server.Services;

/// <summary>v3lockpb.Lock: mutual exclusion by a <see cref="KeyQueue"/>, for clients too small to run the recipe themselves.</summary>
internal sealed class LockService(ServiceContext context)
{
    private readonly KeyQueue _queue = new(context.Node, context.Stopping);

    public void Register(RpcServices services) => services.AddService(LockReflection.Descriptor.Services.Single())
        .Add<LockRequest, LockResponse>("Lock", context, LockAsync)
        .Add<UnlockRequest, UnlockResponse>("Unlock", context, UnlockAsync);

    private async ValueTask<LockResponse> LockAsync(LockRequest request, ServerCall call)
    {
        byte[] prefix = KeyQueue.Prefix(request.Name.Span);
        long lease = await _queue.SessionAsync(request.Lease, call.CancellationToken).ConfigureAwait(false);
        KeyQueue.Place place = await _queue.EnterAsync(prefix, lease, default, call.CancellationToken).ConfigureAwait(false);
        await _queue.WaitForTurnAsync(prefix, place, call.CancellationToken).ConfigureAwait(false);

        // The lease may have run out while the place was waiting.
        if (!context.Node.Store.TryGet(place.Key, out KeyRevision? own) || own.CreateRevision != place.CreateRevision)
        {
            throw new RpcException(StatusCode.Unknown, "mutex: session is expired");
        }

        return new LockResponse
        {
            Header = context.HeaderMessage(context.Node.Store.CurrentRevision),
            Key = ByteString.CopyFrom(place.Key),
        };
    }

    private async ValueTask<UnlockResponse> UnlockAsync(UnlockRequest request, ServerCall call)
    {
        long revision = await _queue.DeleteAsync(request.Key.Memory, call.CancellationToken).ConfigureAwait(false);
        return new UnlockResponse { Header = context.HeaderMessage(revision) };
    }
}
