namespace Etcdish.Consensus;

/// <summary>
/// Handing leadership to a chosen voter (thesis, section 3.10): no proposals meanwhile, the target's log is completed, then it is told to
/// campaign at once. Given up after an election timeout.
/// </summary>
internal sealed class LeadershipTransfer
{
    private ulong _since;
    private bool _told;

    /// <summary>The voter that is to lead; 0 when no transfer is under way.</summary>
    internal ulong Target { get; private set; }

    internal bool IsUnderWay => Target != 0;

    internal void Begin(ulong target, ulong now)
    {
        if (target != Target)
        {
            Target = target;
            _since = now;
            _told = false;
        }
    }

    internal void AbortWhenOverdue(ulong now, int ticks)
    {
        if (IsUnderWay && now - _since >= (ulong)ticks)
        {
            Target = 0;
        }
    }

    /// <summary>Tells the target once it has the whole log.</summary>
    internal void TellWhenReady(NodeCore core, Progress target)
    {
        if (target.Member == Target && !_told && target.Match == core.Log.LastIndex)
        {
            _told = true;
            core.Send(new Message { Type = MessageType.TimeoutNow, To = Target });
        }
    }
}
