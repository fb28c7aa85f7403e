namespace Etcdish.Store;

/// <summary>etcdserverpb.PutRequest. Memory fields are slices of the request's bytes.</summary>
public readonly record struct PutRequest
{
    /// <summary>Key, not empty.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>Value.</summary>
    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Lease to attach to, 0 for none.</summary>
    public long Lease { get; init; }

    /// <summary>Whether the old pair is returned.</summary>
    public bool PrevKv { get; init; }

    /// <summary>Whether the old value stays.</summary>
    public bool IgnoreValue { get; init; }

    /// <summary>Whether the old lease stays.</summary>
    public bool IgnoreLease { get; init; }
}

/// <summary>etcdserverpb.DeleteRangeRequest. Memory fields are slices of the request's bytes.</summary>
public readonly record struct DeleteRangeRequest
{
    /// <summary>First key.</summary>
    public ReadOnlyMemory<byte> Key { get; init; }

    /// <summary>End of the range, by etcd's convention (see <see cref="RangeRequest"/>).</summary>
    public ReadOnlyMemory<byte> RangeEnd { get; init; }

    /// <summary>Whether the deleted pairs are returned.</summary>
    public bool PrevKv { get; init; }
}

/// <summary>etcdserverpb.CompactionRequest.</summary>
public readonly record struct CompactionRequest
{
    /// <summary>History before this revision goes.</summary>
    public long Revision { get; init; }

    /// <summary>Whether the answer waits until the space is given back on this member.</summary>
    public bool Physical { get; init; }
}

/// <summary>etcdserverpb.LeaseGrantRequest.</summary>
public readonly record struct LeaseGrantRequest
{
    /// <summary>ID asked for; 0 lets the proposer choose one before the entry is written.</summary>
    public long Id { get; init; }

    /// <summary>Time to live in seconds.</summary>
    public long TtlSeconds { get; init; }
}

/// <summary>What an alarm request does (etcdserverpb.AlarmRequest.AlarmAction); numbers are the wire's.</summary>
public enum AlarmAction
{
    /// <summary>Lists.</summary>
    Get = 0,

    /// <summary>Raises.</summary>
    Activate = 1,

    /// <summary>Disarms.</summary>
    Deactivate = 2,
}

/// <summary>Kinds of alarm (etcdserverpb.AlarmType); numbers are the wire's.</summary>
public enum AlarmType
{
    /// <summary>None; as a filter, all.</summary>
    None = 0,

    /// <summary>The space quota is used up: puts and lease grants are refused.</summary>
    NoSpace = 1,

    /// <summary>Members disagree: all writes are refused.</summary>
    Corrupt = 2,
}

/// <summary>etcdserverpb.AlarmRequest.</summary>
public readonly record struct AlarmRequest
{
    /// <summary>What to do.</summary>
    public AlarmAction Action { get; init; }

    /// <summary>Member concerned; a listing ignores it.</summary>
    public ulong MemberId { get; init; }

    /// <summary>Kind of alarm.</summary>
    public AlarmType Type { get; init; }
}

/// <summary>etcdserverpb.AlarmMember: an alarm that a member has raised.</summary>
/// <param name="MemberId">The member.</param>
/// <param name="Type">The alarm.</param>
public readonly record struct AlarmMember(ulong MemberId, AlarmType Type);
