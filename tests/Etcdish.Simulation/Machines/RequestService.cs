using Etcdish.Checkers;
using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>What the server's request handlers do, without a wire: settle, propose or read, and answer.</summary>
internal sealed class RequestService(World world, NodeProcess process, NodeOptions options)
{
    /// <summary>Serves a call; the answer comes in an event of the process, or never.</summary>
    public void Serve(Call call, Action<Answer> answer) => _ = ServeAsync(call, answer);

    private async Task ServeAsync(Call call, Action<Answer> answer)
    {
        try
        {
            answer(await ServeAsync(call).ConfigureAwait(false));
        }
        catch (EtcdException refusal)
        {
            world.Marks.Add(Mark.ProposalLost, refusal.Error == EtcdError.LeaderChanged ? 1 : 0);
            world.Marks.Add(Mark.ReadTimedOut, call is RangeCall && refusal.Error == EtcdError.Timeout ? 1 : 0);
            answer(Answers.Of(refusal.Error));
        }
#pragma warning disable CA1031 // Handed to the process, which ends.
        catch (Exception failure)
        {
            process.Fail(failure);
        }
#pragma warning restore CA1031
    }

    private async ValueTask<Answer> ServeAsync(Call call)
    {
        if (process.Members.IsLearner && call is not RangeCall { Serializable: true })
        {
            return Answers.Of(EtcdError.NotSupportedForLearner);
        }

        switch (call)
        {
            case RangeCall range:
                if (!range.Serializable)
                {
                    await process.ReadBarrierAsync().ConfigureAwait(false);
                }

                return Read(range);
            case TxnCall txn when RequestBytes.Txn(txn) is var request && RevisionStore.IsReadOnly(request):
                await process.ReadBarrierAsync().ConfigureAwait(false);
                return Read(request);
            case KeepAliveCall keepAlive:
                return Answers.Ok(await RenewAsync(keepAlive).ConfigureAwait(false));
            case GrantCall grant:
                return await ProposeAsync(grant with { Seconds = Store.LeaseRules.SettleTtl(grant.Seconds, options.MinLeaseTtl) })
                    .ConfigureAwait(false);
            default:
                return await ProposeAsync(call).ConfigureAwait(false);
        }
    }

    private async ValueTask<Answer> ProposeAsync(Call call)
    {
        (EntryKind kind, ReadOnlyMemory<byte> payload) = RequestBytes.Entry(call);
        ApplyResult result = await process.Enqueue((byte)kind, payload).ConfigureAwait(false);
        using ReadScope scope = process.Values.EnterRead();
        return Answers.Of(call, result, process.Values);
    }

    private Answer Read(RangeCall range)
    {
        using ReadScope scope = process.Values.EnterRead();
        return Answers.Ok(Answers.Range(process.Store.Range(RequestBytes.Range(range)), process.Values));
    }

    private Answer Read(TxnRequest txn)
    {
        using ReadScope scope = process.Values.EnterRead();
        TxnResult result = process.Store.ReadOnlyTxn(txn, out long revision);
        return Answers.Ok(Answers.Txn(result, revision, process.Values));
    }

    private async ValueTask<KeepAliveReply> RenewAsync(KeepAliveCall keepAlive)
    {
        long seconds = await process.RenewLeaseAsync(keepAlive.Lease).ConfigureAwait(false);
        world.Marks.Add(seconds > 0 ? Mark.LeaseRenewed : Mark.LeaseLostAtRenewal);
        return new KeepAliveReply(process.Store.CurrentRevision, seconds);
    }
}
