using System.Runtime.InteropServices;
using Etcdish.Cluster;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Simulation;

/// <summary>Where the harness asks whether to do the wrong thing. With <see cref="SabotageKind.None"/> every answer is the right one.</summary>
internal sealed class Saboteur(SabotageKind kind)
{
    public SabotageKind Kind => kind;

    public bool SkipsReadBarrier => kind == SabotageKind.SkipReadBarrier;

    public bool ForwardsTwice => kind == SabotageKind.ForwardTwice;

    public bool PretendsRenewal => kind == SabotageKind.PretendRenewal;

    /// <summary>What a watcher adds to the revision that it goes on with.</summary>
    public long SkippedOnResume => kind == SabotageKind.SkipRevisionOnResume ? 1 : 0;

    /// <summary>What numbers a member's requests begin with comes from here.</summary>
    public Random Numbers(Random random) => kind == SabotageKind.ReuseRequestNumbers ? new SameRandom() : random;

    /// <summary>A follower is offered state.</summary>
    public SnapshotOffer Offer(SnapshotOffer offer) =>
        kind == SabotageKind.SendStateOneShort ? offer with { Index = offer.Index + 1 } : offer;

    /// <summary>A question about state is on its way.</summary>
    public byte[] Ask(byte[] question)
    {
        SnapshotQuestion asked = SnapshotQuestion.Decode(question);
        return kind == SabotageKind.SendStateOneShort && asked.Kind == PeerQuestionKind.SnapshotOpen
            ? (asked with { Number = asked.Number - 1 }).Encode()
            : question;
    }

    /// <summary>An answer about state is on its way.</summary>
    public byte[] Answer(byte[] question, byte[] answer)
    {
        if (kind != SabotageKind.SendStateOneShort || answer.Length == 0
            || SnapshotQuestion.Decode(question).Kind != PeerQuestionKind.SnapshotOpen)
        {
            return answer;
        }

        OpenedSnapshot opened = OpenedSnapshot.Decode(answer);
        return (opened with { State = opened.State with { Index = opened.State.Index + 1 } }).Encode();
    }

    public void Prepare(SimulatedDisk disk)
    {
        disk.IgnoresSyncs = kind == SabotageKind.SkipSync;
        disk.IgnoresDirectorySyncs = kind == SabotageKind.SkipDirectorySync;
    }

    public SimulatedDisk RestartDisk(SimulatedDisk disk, SeededRandom random)
    {
        SimulatedDisk restarted = disk.Restart(random);
        if (kind == SabotageKind.LoseDisk)
        {
            return new SimulatedDisk { OnOperation = disk.OnOperation };
        }

        if (kind == SabotageKind.LoseSyncedSector)
        {
            ZeroLastSector(restarted);
        }

        return restarted;
    }

    public void CommitLog(SegmentedLog log)
    {
        if (kind != SabotageKind.AnswerBeforeDurable)
        {
            log.Commit();
        }
    }

    public TimeProvider LeaseTime(TimeProvider time) => kind == SabotageKind.FastLeaseClock ? new FastTime(time) : time;

    public void BeforeRound(List<Proposal> batch)
    {
        if (kind == SabotageKind.ProposeTwice && batch.Find(proposal => proposal.Kind == (byte)EntryKind.Put) is { LoopWork: null } put)
        {
            batch.Add(Proposal.Rent(put.Kind, put.Payload, put.QueuedAt));
        }
    }

    /// <summary>A starting member has read its log.</summary>
    public void Recover(RestoredState restored) => restored.Quarantined &= kind != SabotageKind.SkipQuarantine;

    /// <summary>A starting member has read its log; its core has not begun.</summary>
    public void Restore(RestoredState restored)
    {
        if (kind == SabotageKind.ForgetVote)
        {
            restored.HardState = restored.HardState with { Vote = 0 };
        }
        else if (kind == SabotageKind.ForgetTerm && restored.HardState.Term > 1)
        {
            restored.HardState = restored.HardState with { Term = restored.HardState.Term - 1, Vote = 0 };
        }
    }

    /// <summary>A frame is about to travel.</summary>
    public void OnFrame(byte[] frame, Machine to)
    {
        if (kind is < SabotageKind.TakeStaleTerms or > SabotageKind.PromiseWrongPlace)
        {
            return;
        }

        FrameSabotage.Change(kind, frame, to);
    }

    public IReadOnlyList<WatchEvent> Events(List<WatchEvent> events)
    {
        if (events.Count > 0 && kind == SabotageKind.DropWatchEvent)
        {
            events.RemoveAt(events.Count - 1);
        }
        else if (events.Count > 0 && kind == SabotageKind.RepeatWatchEvent)
        {
            events.Add(events[^1]);
        }
        else if (events.Count > 1 && kind == SabotageKind.SwapWatchEvents)
        {
            Span<WatchEvent> all = CollectionsMarshal.AsSpan(events);
            (all[0], all[^1]) = (all[^1], all[0]);
        }

        return events;
    }

    private static void ZeroLastSector(SimulatedDisk disk)
    {
        foreach (string path in disk.Files.Where(file => file.EndsWith(".seg", StringComparison.Ordinal)).TakeLast(1))
        {
            byte[] content = disk.ContentOf(path);
            int last = content.AsSpan().LastIndexOfAnyExcept((byte)0);
            if (last >= 512)
            {
                content.AsSpan(last & ~511).Clear();
                disk.Replace(path, content);
            }
        }
    }

    private sealed class SameRandom : Random
    {
        public override long NextInt64() => 0;

        protected override double Sample() => 0;
    }

    private sealed class FastTime(TimeProvider time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp() * 2;
    }
}
