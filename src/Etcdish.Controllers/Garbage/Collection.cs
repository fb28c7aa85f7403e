namespace Etcdish.Controllers.Garbage;

/// <summary>What is known of an owner.</summary>
internal enum OwnerState
{
    /// <summary>It is there.</summary>
    Solid,

    /// <summary>It is there, and waits for what it owns to go.</summary>
    Waiting,

    /// <summary>It is not there.</summary>
    Absent,

    /// <summary>It cannot be found out.</summary>
    Unresolved,
}

/// <summary>What is to become of an object.</summary>
internal enum Fate
{
    /// <summary>It stays as it is.</summary>
    Stays,

    /// <summary>It stays, but its absent and waiting owners are no longer its own.</summary>
    LosesOwners,

    /// <summary>It goes when what it owns is gone.</summary>
    GoesInForeground,

    /// <summary>It goes; what it owns is looked at afterwards.</summary>
    Goes,
}

/// <summary>The rule of the collection: an object goes when no owner of it is left.</summary>
internal static class Collection
{
    /// <summary>Decides about an object with at least one owner.</summary>
    /// <param name="owners">The states of its owners.</param>
    /// <param name="ownsOthers">Whether it owns objects itself.</param>
    public static Fate Decide(ReadOnlySpan<OwnerState> owners, bool ownsOthers)
    {
        if (owners.IsEmpty || owners.Contains(OwnerState.Unresolved))
        {
            return Fate.Stays;
        }

        var isWaitedFor = owners.Contains(OwnerState.Waiting);
        if (owners.Contains(OwnerState.Solid))
        {
            return isWaitedFor || owners.Contains(OwnerState.Absent) ? Fate.LosesOwners : Fate.Stays;
        }

        return isWaitedFor && ownsOthers ? Fate.GoesInForeground : Fate.Goes;
    }
}
