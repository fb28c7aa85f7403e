namespace Etcdish.Simulation;

/// <summary>Units of virtual time, which is counted in nanoseconds.</summary>
internal static class Span
{
    public const long Microsecond = 1_000;
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000_000_000;
}

/// <summary>The world's one clock and its one queue: what is due, in order of time, then of asking.</summary>
internal sealed class EventQueue
{
    // A heap with four children a node, kept here because it is where worlds spend most of their time that is not the nodes'.
    private const int Children = 4;

    private Due[] _due = new Due[256];
    private int _count;
    private long _order;

    /// <summary>The time now, in nanoseconds since the beginning of the world.</summary>
    public long Now { get; private set; }

    /// <summary>Events that have run.</summary>
    public long Count { get; private set; }

    /// <summary>Has something done at a time; not before now.</summary>
    public void At(long time, Action action)
    {
        if (_count == _due.Length)
        {
            Array.Resize(ref _due, 2 * _count);
        }

        Rise(_count++, new Due(Math.Max(time, Now), _order++, action));
    }

    /// <summary>Has something done after a while.</summary>
    public void After(long delay, Action action) => At(Now + delay, action);

    /// <summary>Runs what is due up to a time, or until something says stop; the clock then stands there.</summary>
    public void RunUntil(long time, Func<bool> isOver)
    {
        while (!isOver() && _count > 0 && _due[0].Time <= time)
        {
            Due next = Take();
            Now = next.Time;
            Count++;
            next.Action();
        }

        if (!isOver())
        {
            Now = Math.Max(Now, time);
        }
    }

    private Due Take()
    {
        Due first = _due[0];
        Due last = _due[--_count];
        _due[_count] = default;
        if (_count > 0)
        {
            Sink(last);
        }

        return first;
    }

    private void Rise(int place, in Due due)
    {
        while (place > 0 && due.IsBefore(_due[(place - 1) / Children]))
        {
            _due[place] = _due[(place - 1) / Children];
            place = (place - 1) / Children;
        }

        _due[place] = due;
    }

    private void Sink(in Due due)
    {
        int place = 0;
        while (place * Children + 1 is var child && child < _count)
        {
            int earliest = child;
            for (int other = child + 1; other < Math.Min(child + Children, _count); other++)
            {
                earliest = _due[other].IsBefore(_due[earliest]) ? other : earliest;
            }

            if (!_due[earliest].IsBefore(due))
            {
                break;
            }

            _due[place] = _due[earliest];
            place = earliest;
        }

        _due[place] = due;
    }

    private readonly record struct Due(long Time, long Order, Action Action)
    {
        public bool IsBefore(in Due other) => Time < other.Time || (Time == other.Time && Order < other.Order);
    }
}
