using System.Globalization;

namespace Etcdish.Simulation;

/// <summary>One line for each event of a trace.</summary>
internal static class TraceText
{
    public static string Of(in TraceEvent happened)
    {
        decimal milliseconds = happened.Time / 1_000_000m;
        return $"{milliseconds.ToString("0.000", CultureInfo.InvariantCulture),12} ms  {Who(happened),-4} {What(happened)}";
    }

    private static string Who(in TraceEvent happened) => happened.Kind switch
    {
        TraceKind.Called or TraceKind.Answered or TraceKind.GivenUp => $"c{happened.Who}",
        TraceKind.WatchOpened or TraceKind.WatchSpoke or TraceKind.WatchLost => $"w{happened.Who}",
        TraceKind.Healed or TraceKind.Probed or TraceKind.Settled or TraceKind.Broken or TraceKind.LinksHealed => "",
        _ => $"n{happened.Who}",
    };

    private static string What(in TraceEvent e) => e.Kind switch
    {
        TraceKind.Called => $"asks n{e.B}, operation {e.A}: {e.Note}",
        TraceKind.Answered => $"is answered, operation {e.A}: {e.Note}",
        TraceKind.GivenUp => $"gives operation {e.A} up",
        TraceKind.Round => $"ran a round: applied {e.A}, revision {e.B}{(e.Note is null ? "" : $", {e.Note}")}",
        TraceKind.Started => $"started: applied {e.A}, {e.B} torn bytes cut",
        TraceKind.StartRefused => $"refused to start: {Reason(e)}",
        TraceKind.NodeFailed => $"failed: {Reason(e)}",
        TraceKind.PowerLost => $"lost power after {e.A} disk operations",
        TraceKind.CrashArmed => $"will lose power {e.A} disk operations from now",
        TraceKind.ProcessKilled => "was killed",
        TraceKind.SyncWillFail => $"will fail the sync {e.A} syncs from now",
        TraceKind.DiskFilled => $"has a full disk ({e.A} bytes)",
        TraceKind.DiskFreed => "has room on its disk again",
        TraceKind.DiskSlowed => $"has a disk that stalls for {e.A / Span.Millisecond} ms",
        TraceKind.DiskRotted => $"had a byte changed at {e.A} of {e.Note}",
        TraceKind.Paused => $"is paused for {e.A / Span.Millisecond} ms",
        TraceKind.CheckpointWritten => $"wrote a checkpoint of entry {e.A}",
        TraceKind.SegmentsDeleted => $"has {e.A} log segments left",
        TraceKind.Compacted => $"removed what compaction {e.A} hid",
        TraceKind.WatchOpened => $"opened at n{e.B} from revision {e.A}",
        TraceKind.WatchSpoke => $"received {e.B} events, header revision {e.A}{(e.Note is null ? "" : $": {e.Note}")}",
        TraceKind.WatchLost => $"lost its stream, was at revision {e.A}",
        TraceKind.FrameSent => $"sent frame {e.B} to n{e.A}: {FrameText.Of((byte[])e.Note!)}",
        TraceKind.FrameArrived => $"received frame {e.B} of n{e.A}",
        TraceKind.FrameLost => $"lost frame {e.B} on its way to n{e.A}",
        TraceKind.LinkCut => $"cannot reach n{e.A} for {e.B / Span.Millisecond} ms",
        TraceKind.LinksHealed => "all links work again",
        TraceKind.Healed => "no more faults: everything must come right now",
        TraceKind.Probed => $"a write went through {e.A / Span.Millisecond} ms after the faults ended",
        TraceKind.Settled => $"all members stand at entry {e.A}, revision {e.B}",
        TraceKind.QuestionAsked => $"asks n{e.A} question {e.B} about its state",
        TraceKind.QuestionAnswered => $"has n{e.A}'s answer of {e.B} bytes",
        TraceKind.SnapshotOffered => $"is offered the state at entry {e.B} by member {e.A}",
        TraceKind.SnapshotInstalled => $"has installed the state at entry {e.A}, revision {e.B}",
        TraceKind.HandedOver => $"hands leadership over to member {e.A}",
        TraceKind.ChangeAsked => $"is asked to {(Etcdish.Cluster.MemberOperation)e.B} member {e.A}",
        TraceKind.ChangeRefused => $"refused the change of member {e.A}: {e.Note}",
        TraceKind.Broken => $"BROKEN: {e.Note}",
        _ => $"{e.Kind} {e.A} {e.B} {e.Note}",
    };

    private static string Reason(in TraceEvent e) => e.Note is Exception reason ? $"{reason.GetType().Name}: {reason.Message}" : $"{e.Note}";
}
