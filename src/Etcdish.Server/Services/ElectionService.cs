using System.Diagnostics.CodeAnalysis;
using Etcdish.Protos;
using Etcdish.Rpc;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Server.Services;

/// <summary>v3electionpb.Election: leadership by a <see cref="KeyQueue"/>, where the first key's value is what its leader proclaims.</summary>
internal sealed class ElectionService(ServiceContext context)
{
    private readonly KeyQueue _queue = new(context.Node, context.Stopping);

    public void Register(RpcServices services) => services.AddService(ElectionReflection.Descriptor.Services.Single())
        .Add<CampaignRequest, CampaignResponse>("Campaign", context, CampaignAsync)
        .Add<ProclaimRequest, ProclaimResponse>("Proclaim", context, ProclaimAsync)
        .Add<LeaderRequest, LeaderResponse>("Leader", context, LeaderAsync)
        .AddStream<LeaderRequest, LeaderResponse>("Observe", context, ObserveAsync)
        .Add<ResignRequest, ResignResponse>("Resign", context, ResignAsync);

    private static RpcException NotLeader => new(StatusCode.Unknown, "election: not leader");

    private async ValueTask<CampaignResponse> CampaignAsync(CampaignRequest request, ServerCall call)
    {
        byte[] prefix = KeyQueue.Prefix(request.Name.Span);
        long lease = await _queue.SessionAsync(request.Lease, call.CancellationToken).ConfigureAwait(false);
        KeyQueue.Place place = await _queue.EnterAsync(prefix, lease, request.Value.Memory, call.CancellationToken).ConfigureAwait(false);
        if (!place.IsNew && !place.Value.Span.SequenceEqual(request.Value.Span))
        {
            (bool held, _) = await _queue.SetAsync(place.Key, place.CreateRevision, lease, request.Value.Memory, call.CancellationToken)
                .ConfigureAwait(false);
            if (!held)
            {
                throw NotLeader;
            }
        }

        await _queue.WaitForTurnAsync(prefix, place, call.CancellationToken).ConfigureAwait(false);
        return new CampaignResponse
        {
            Header = context.HeaderMessage(context.Node.Store.CurrentRevision),
            Leader = new LeaderKey { Name = request.Name, Key = ByteString.CopyFrom(place.Key), Rev = place.CreateRevision, Lease = lease },
        };
    }

    private async ValueTask<ProclaimResponse> ProclaimAsync(ProclaimRequest request, ServerCall call)
    {
        LeaderKey leader = Require(request.Leader);
        (bool held, long revision) = await _queue
            .SetAsync(leader.Key.Memory, leader.Rev, leader.Lease, request.Value.Memory, call.CancellationToken).ConfigureAwait(false);
        return held ? new ProclaimResponse { Header = context.HeaderMessage(revision) } : throw NotLeader;
    }

    private async ValueTask<LeaderResponse> LeaderAsync(LeaderRequest request, ServerCall call)
    {
        await context.Node.ReadBarrierAsync(call.CancellationToken).ConfigureAwait(false);
        return Current(KeyQueue.Prefix(request.Name.Span)) ?? throw new RpcException(StatusCode.Unknown, "election: no leader");
    }

    private async ValueTask<ResignResponse> ResignAsync(ResignRequest request, ServerCall call)
    {
        LeaderKey leader = Require(request.Leader);
        long revision = await _queue.LeaveAsync(leader.Key.Memory, leader.Rev, call.CancellationToken).ConfigureAwait(false);
        return new ResignResponse { Header = context.HeaderMessage(revision) };
    }

    /// <summary>Tells each leader and each of its proclamations; those that pass too quickly may be skipped, the last never.</summary>
    private async Task ObserveAsync(LeaderRequest request, ResponseStream<LeaderResponse> responses, ServerCall call)
    {
        byte[] prefix = KeyQueue.Prefix(request.Name.Span);
        while (true)
        {
            LeaderResponse? current = Current(prefix);
            if (current is null)
            {
                await WaitForPutAsync(prefix, call.CancellationToken).ConfigureAwait(false);
                continue;
            }

            await responses.WriteAsync(current).ConfigureAwait(false);
            await FollowAsync(current, responses, call.CancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitForPutAsync(byte[] prefix, CancellationToken cancellation)
    {
        using var watcher = new KeyWatcher(context.Node, prefix, KeyQueue.End(prefix), startRevision: 0);
        while (Current(prefix) is null)
        {
            await watcher.NextAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Tells what one leader proclaims, until its key is deleted.</summary>
    private async Task FollowAsync(LeaderResponse current, ResponseStream<LeaderResponse> responses, CancellationToken cancellation)
    {
        using var watcher = new KeyWatcher(context.Node, current.Kv.Key.ToByteArray(), rangeEnd: [], current.Header.Revision + 1);
        while (true)
        {
            EncodedEvent change = await watcher.NextEventAsync(cancellation).ConfigureAwait(false);
            if (change.Change.IsTombstone)
            {
                return;
            }

            await responses.WriteAsync(new LeaderResponse
            {
                Header = context.HeaderMessage(change.Change.ModRevision),
                Kv = Pair(change.Change, change.Value.Span),
            }).ConfigureAwait(false);
        }
    }

    private LeaderResponse? Current(byte[] prefix)
    {
        using ReadScope scope = context.Node.Values.EnterRead();
        return _queue.First(prefix, out long revision) is { } first
            ? new LeaderResponse { Header = context.HeaderMessage(revision), Kv = Pair(first, _queue.Read(first)) }
            : null;
    }

    private static Protos.KeyValue Pair(KeyRevision version, ReadOnlySpan<byte> value) => new()
    {
        Key = ByteString.CopyFrom(version.Key),
        Value = ByteString.CopyFrom(value),
        CreateRevision = version.CreateRevision,
        ModRevision = version.ModRevision,
        Version = version.Version,
        Lease = version.Lease,
    };

    private static LeaderKey Require([NotNull] LeaderKey? leader) =>
        leader ?? throw new RpcException(StatusCode.Unknown, "\"leader\" field must be provided");
}
