using System.Numerics;

namespace Etcdish.Store;

/// <summary>Something that waits in a <see cref="TimerWheel"/>.</summary>
/// <param name="owner">Whose timer it is.</param>
internal sealed class LeaseTimer(ClockedLease owner)
{
    public ClockedLease Owner { get; } = owner;

    /// <summary>Wheel tick at which the timer is due.</summary>
    public long DueTick { get; set; }

    /// <summary>Where it is linked: level × 64 + slot, or -1.</summary>
    public int Place { get; set; } = -1;

    public LeaseTimer? Before { get; set; }

    public LeaseTimer? After { get; set; }
}

/// <summary>
/// Hierarchical timer wheel: seven levels of 64 slots, each slot of a level as long as the whole level below, the lowest 10 ms. Setting and
/// stopping a timer is O(1); a timer moves down at most six times. A timer is due when the whole tick of its deadline has passed: up to
/// 10 ms late and never early. Not safe for several threads.
/// </summary>
internal sealed class TimerWheel
{
    public const int TickMs = 10;
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const int Levels = 7;
    private const long MaxTick = (1L << (SlotBits * Levels)) - 1;

    private readonly LeaseTimer?[] _heads = new LeaseTimer?[Levels * Slots];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _tick;

    /// <summary>Sets a timer, or sets it anew.</summary>
    /// <param name="timer">The timer.</param>
    /// <param name="dueMs">When it is due, in the caller's milliseconds, 0 or more.</param>
    public void Schedule(LeaseTimer timer, long dueMs)
    {
        Cancel(timer);
        timer.DueTick = Math.Min(dueMs / TickMs, MaxTick);
        Link(timer);
    }

    public void Cancel(LeaseTimer timer)
    {
        if (timer.Place < 0)
            return;

        if (timer.After is not null)
            timer.After.Before = timer.Before;
        if (timer.Before is not null)
            timer.Before.After = timer.After;
        else
            SetHead(timer.Place, timer.After);
        timer.Place = -1;
        timer.Before = timer.After = null;
    }

    /// <summary>Takes one timer that is due, or null. Time must not go back.</summary>
    public LeaseTimer? TakeDue(long nowMs)
    {
        long nowTick = Math.Min(nowMs / TickMs, MaxTick);
        while (FindFirst(out int level, out int place, out long startTick) && startTick < nowTick)
        {
            _tick = Math.Max(_tick, startTick);
            if (level > 0)
            {
                MoveDown(place);
                continue;
            }

            LeaseTimer due = _heads[place]!;
            Cancel(due);
            return due;
        }

        // No slot begins before this tick, so none is passed over.
        _tick = Math.Max(_tick, nowTick - 1);
        return null;
    }

    /// <summary>The slot that begins first among those with timers. Lower levels lie before all that is in the higher ones.</summary>
    private bool FindFirst(out int level, out int place, out long startTick)
    {
        for (level = 0; level < Levels; level++)
        {
            int shift = level * SlotBits;
            ulong ahead = _occupied[level] & (ulong.MaxValue << (int)((_tick >> shift) & (Slots - 1)));
            if (ahead == 0)
                continue;

            int slot = BitOperations.TrailingZeroCount(ahead);
            place = level * Slots + slot;
            startTick = ((_tick >> (shift + SlotBits)) << (shift + SlotBits)) | ((long)slot << shift);
            return true;
        }

        place = -1;
        startTick = 0;
        return false;
    }

    private void MoveDown(int place)
    {
        LeaseTimer? timer = _heads[place];
        SetHead(place, null);
        while (timer is not null)
        {
            LeaseTimer? after = timer.After;
            timer.Place = -1;
            timer.Before = timer.After = null;
            Link(timer);
            timer = after;
        }
    }

    private void Link(LeaseTimer timer)
    {
        // What is overdue already goes into the present slot.
        long tick = Math.Max(timer.DueTick, _tick);
        int level = BitOperations.Log2((ulong)(tick ^ _tick) | 1) / SlotBits;
        timer.Place = level * Slots + (int)((tick >> (level * SlotBits)) & (Slots - 1));
        timer.After = _heads[timer.Place];
        if (timer.After is not null)
            timer.After.Before = timer;
        SetHead(timer.Place, timer);
    }

    private void SetHead(int place, LeaseTimer? timer)
    {
        _heads[place] = timer;
        ulong bit = 1UL << (place % Slots);
        if (timer is null)
            _occupied[place / Slots] &= ~bit;
        else
            _occupied[place / Slots] |= bit;
    }
}
