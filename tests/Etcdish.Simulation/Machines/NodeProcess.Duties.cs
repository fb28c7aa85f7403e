using Etcdish.Cluster;
using Etcdish.Cluster.Peers;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Simulation;

// What a node does beside its rounds, as Node does it.
internal sealed partial class NodeProcess
{
    /// <summary>As <see cref="Node.ReadBarrierAsync"/>.</summary>
    public async ValueTask ReadBarrierAsync()
    {
        if (!Replica.Status.ReadsAreLocal && !_world.Sabotage.SkipsReadBarrier)
        {
            await Enqueue(Proposal.ReadBarrier, default).ConfigureAwait(false);
        }
    }

    /// <summary>As <see cref="Node.RenewLeaseAsync"/>.</summary>
    public async ValueTask<long> RenewLeaseAsync(long lease)
    {
        if (_world.Sabotage.PretendsRenewal && Leases.Leads)
        {
            return 3;
        }

        ulong leader = Replica.Status.Leader;
        if (leader == 0)
        {
            throw new EtcdException(EtcdError.NoLeader);
        }

        if (leader == _machine.MemberId)
        {
            await ReadBarrierAsync().ConfigureAwait(false);
            return await Leases.RenewAsync(lease, this).ConfigureAwait(false);
        }

        try
        {
            LeaseAnswerFrame answer = await _leaseCalls.AskAsync(leader, LeaseCallKind.Renew, lease)
                .WaitAsync(_options.RequestTimeout, _options.Clock).ConfigureAwait(false);
            return answer.Seconds;
        }
        catch (TimeoutException)
        {
            throw new EtcdException(EtcdError.Timeout);
        }
    }

    /// <summary>As <see cref="Node.TransferLeadershipAsync"/>, without waiting.</summary>
    public void HandOver(ulong to) => Do(() =>
    {
        if (Leads && to != _machine.MemberId && Replica.TransferLeadership(to) == Consensus.Refusal.None)
        {
            _world.Marks.Add(Mark.LeadershipTransferred);
            _world.Note(TraceKind.HandedOver, _machine.Number, (long)to);
        }
    });

    /// <summary>As <see cref="Node.HandOverLeadershipAsync"/>, without waiting.</summary>
    public void StopLeading() => Do(() =>
    {
        if (Leads && Replica.HandOverLeadership() is not 0 and var successor)
        {
            _world.Marks.Add(Mark.LeadershipTransferred);
            _world.Note(TraceKind.HandedOver, _machine.Number, (long)successor);
        }
    });

    /// <summary>Answers another member's question; null when it has none, which its own defects are not.</summary>
    public byte[]? Answer(ulong from, byte[] question)
    {
        try
        {
            return _world.Sabotage.Answer(question, Replica.AnswerSnapshotQuestion(from, question).ToArray());
        }
        catch (Exception none) when (none is InvalidDataException or StoreReplacedException)
        {
            return null;
        }
    }

    /// <summary>As the node loop does when it ends: damage that the group can make up for is written down for the next start.</summary>
    public bool TryNoteDamage(Exception reason)
    {
        try
        {
            return Quarantine.TryNote(_recovered.Member, reason);
        }
        catch (Exception failure) when (failure is IOException or SimulatedCrashException)
        {
            return Quarantine.DamageIn(reason) is not null;
        }
    }

    /// <summary>A member that knows of it says that this one was removed.</summary>
    public void OnRefusedAsRemoved() => Fail(new MemberRemovedException());

    private async Task ReceiveAsync(SnapshotOffer offer)
    {
        try
        {
            await _receiver.ReceiveAsync(offer, CancellationToken.None).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Handed to the process, which ends.
        catch (Exception failure)
        {
            Fail(failure);
        }
#pragma warning restore CA1031
    }

    // As Node.PublishAttributesAsync: a member that joined counts as started from then on.
    private async Task PublishAsync()
    {
        MemberInfo own = new(_machine.MemberId, _options.Name, [], []);
        if (Members.Has(own) || Members.IsRemoved)
        {
            return;
        }

        await ForgetAsync(Enqueue(EntryKinds.MemberAttributes, MembershipCodec.EncodeAttributes(own))).ConfigureAwait(false);
        Post(_machine.Now + 10 * _tickInterval, () => _ = PublishAsync());
    }

    // Connections are made anew now and then, and who was removed is told so.
    private void Connect()
    {
        if (_world.Network.IsRefused(this))
        {
            OnRefusedAsRemoved();
        }

        Post(_machine.Now + 20 * _tickInterval, Connect);
    }

    // As Node.LeaveAsync.
    private void LeaveIfRemoved()
    {
        if (Members.IsRemoved)
        {
            Post(_machine.Now + Span.Second, () => Fail(new MemberRemovedException()));
        }
    }
}
