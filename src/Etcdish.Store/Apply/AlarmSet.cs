namespace Etcdish.Store;

/// <summary>The alarms that are raised, in order of kind and member. Changed by apply, read from any thread.</summary>
internal sealed class AlarmSet
{
    private AlarmMember[] _alarms = [];

    public bool Has(AlarmType type)
    {
        foreach (var alarm in _alarms)
        {
            if (alarm.Type == type)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The alarms of one kind, or of all for <see cref="AlarmType.None"/>.</summary>
    public IReadOnlyList<AlarmMember> List(AlarmType type) =>
        type == AlarmType.None ? _alarms : Array.FindAll(_alarms, alarm => alarm.Type == type);

    public void Raise(AlarmMember alarm)
    {
        if (Array.IndexOf(_alarms, alarm) < 0)
        {
            AlarmMember[] alarms = [.. _alarms, alarm];
            Array.Sort(alarms, static (a, b) => (a.Type, a.MemberId).CompareTo((b.Type, b.MemberId)));
            _alarms = alarms;
        }
    }

    /// <returns>Whether the alarm was raised.</returns>
    public bool Disarm(AlarmMember alarm)
    {
        if (Array.IndexOf(_alarms, alarm) < 0)
        {
            return false;
        }

        _alarms = Array.FindAll(_alarms, other => other != alarm);
        return true;
    }

    public void Clear() => _alarms = [];
}
