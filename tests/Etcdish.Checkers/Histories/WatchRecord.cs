namespace Etcdish.Checkers;

/// <summary>Everything that one watcher asked for and received, up to its cancellation or the loss of its stream.</summary>
public sealed record WatchRecord(int Id, KeyRange Keys, IReadOnlyList<WatchResponse> Responses)
{
    /// <summary>0 means after the revision at creation.</summary>
    public long StartRevision { get; init; }

    public bool PrevKv { get; init; }

    public bool NoPut { get; init; }

    public bool NoDelete { get; init; }

    /// <summary>The watch that this one continues after its stream was lost.</summary>
    public int? Resumes { get; init; }

    /// <summary>The watcher was kept until it must have seen every event up to here; 0 when nothing of the kind was awaited.</summary>
    public long AwaitedRevision { get; init; }

    public override string ToString()
    {
        string from = StartRevision == 0 ? "now" : $"revision {StartRevision}";
        return $"watch {Id} of {Keys} from {from}{(Resumes is { } earlier ? $", resuming watch {earlier}" : "")}";
    }
}

/// <summary>One message of a watch; <paramref name="Revision"/> is the header's.</summary>
public sealed record WatchResponse(long ReceivedAt, long Revision, IReadOnlyList<WatchEvent> Events)
{
    public bool Created { get; init; }

    public bool Canceled { get; init; }

    public long CompactRevision { get; init; }

    /// <summary>More of the same response follows.</summary>
    public bool Fragment { get; init; }

    /// <summary>A bookmark: nothing but the promise that all events up to the header's revision were delivered.</summary>
    public bool IsProgress => Events.Count == 0 && !Created && !Canceled && !Fragment;
}
