using System.Diagnostics.CodeAnalysis;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The leader's side of snapshots: a session for each follower that lacks more than the log holds. Captures and ends are the loop's;
/// <see cref="Answer"/> is called by those who answer the followers' questions, at any time and on any thread. A session outlives the
/// leadership that began it, as the state is committed; one that nobody asks about is dropped, as it holds back the deletion of segments.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="values">Its values.</param>
/// <param name="seed">Of the numbers of sessions: those of an earlier life must not be met again.</param>
internal sealed class SnapshotSources(RevisionStore store, IValueSource values, ulong seed)
{
    /// <summary>Sessions at a time; each has a list of all versions, and reads all values.</summary>
    public const int MaxSessions = 3;

    /// <summary>Bytes that a part has, about: one append and one sync of the follower.</summary>
    public const int PartBytes = 1 << 20;

    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, Open> _sessions = [];
    private readonly SortedSet<ulong> _waiting = [];
    private ulong _lastId = seed;

    /// <summary>Followers that are being sent state, for metrics. Any thread.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Followers wait for state: <see cref="Offer"/> has something to do.</summary>
    public bool IsWanted => _waiting.Count > 0;

    /// <summary>The core wants state sent to a follower.</summary>
    public void Want(ulong member) => _waiting.Add(member);

    /// <summary>Captures the state for those who wait, as far as there is room, and has the core offer it. At a round's end.</summary>
    /// <param name="raft">The core.</param>
    /// <param name="state">The group's state at the last applied entry.</param>
    /// <param name="now">Ticks.</param>
    public void Offer(RaftNode raft, ClusterState state, long now)
    {
        foreach (ulong member in _waiting.ToList())
        {
            if (!TryDrop(member) || Count >= MaxSessions)
            {
                continue;
            }

            _waiting.Remove(member);
            if (state.Index == 0 || !raft.OfferSnapshot(member, state.Index, state.Term))
            {
                continue;
            }

            SnapshotSession session = new(++_lastId, state, store, values);
            lock (_gate)
            {
                _sessions.Add(member, new Open(session) { AskedAt = now });
            }
        }
    }

    /// <summary>Ends what is over, and drops what nobody asked about for a while.</summary>
    /// <param name="raft">The core, which is told.</param>
    /// <param name="now">Ticks.</param>
    /// <param name="patience">Ticks that a session lasts without a question.</param>
    public void Tick(RaftNode raft, long now, long patience)
    {
        lock (_gate)
        {
            foreach ((ulong member, Open open) in _sessions.ToList())
            {
                if (open.WasAsked)
                {
                    open.WasAsked = false;
                    open.AskedAt = now;
                }

                bool isOver = open.Ended is not null || now - open.AskedAt > patience;
                if (isOver && !open.IsBusy)
                {
                    _sessions.Remove(member);
                    open.Session.Dispose();
                    raft.ReportSnapshot(member, open.Ended ?? false);
                }
            }
        }
    }

    /// <summary>Answers a follower's question.</summary>
    /// <param name="from">The follower.</param>
    /// <param name="question">The question's bytes.</param>
    /// <returns>The answer, unchanged until that follower's next question; empty when there is no such session.</returns>
    /// <exception cref="InvalidDataException">It is no question, or has no answer.</exception>
    /// <exception cref="DamagedValueException">A value does not match its checksum: this member must stop.</exception>
    public ReadOnlyMemory<byte> Answer(ulong from, ReadOnlySpan<byte> question)
    {
        SnapshotQuestion asked = SnapshotQuestion.Decode(question);
        switch (asked.Kind)
        {
            case PeerQuestionKind.SnapshotOpen:
                return Begin(from, asked);
            case PeerQuestionKind.SnapshotPart:
                return Part(from, asked);
            default:
                End(from, asked);
                return default;
        }
    }

    /// <summary>Lets go of everything. Nobody asks any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            foreach (Open open in _sessions.Values)
            {
                open.Session.Dispose();
            }

            _sessions.Clear();
        }
    }

    private bool TryDrop(ulong member)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(member, out Open? open))
            {
                return true;
            }

            if (open.IsBusy)
            {
                return false;
            }

            _sessions.Remove(member);
            open.Session.Dispose();
            return true;
        }
    }

    private ReadOnlyMemory<byte> Begin(ulong from, in SnapshotQuestion asked)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(from, out Open? open)
                || (open.Session.State.Index, open.Session.State.Term) != (asked.Number, asked.Term))
            {
                return default;
            }

            open.WasAsked = true;
            open.MaxPartBytes = asked.MaxPartBytes;
            return new OpenedSnapshot(open.Session.Id, open.Session.State).Encode();
        }
    }

    // A large value makes a part of its own, larger than the others.
    private ReadOnlyMemory<byte> Part(ulong from, in SnapshotQuestion asked)
    {
        if (!TryEnter(from, asked.Session, out Open? open))
        {
            return default;
        }

        bool failed = true;
        try
        {
            ReadOnlyMemory<byte> part = open.Session.Part(asked.Number, open.MaxPartBytes, PartBytes);
            failed = false;
            return part;
        }
        finally
        {
            lock (_gate)
            {
                open.IsBusy = false;
                open.WasAsked = true;
                open.Ended = failed ? false : open.Ended;
            }
        }
    }

    private void End(ulong from, in SnapshotQuestion asked)
    {
        lock (_gate)
        {
            if (_sessions.TryGetValue(from, out Open? open) && open.Session.Id == asked.Session)
            {
                open.Ended = asked.Installed;
            }
        }
    }

    // A follower asks one question at a time; one that was given up by it may still be at work here.
    private bool TryEnter(ulong from, ulong session, [NotNullWhen(true)] out Open? open)
    {
        lock (_gate)
        {
            bool found = _sessions.TryGetValue(from, out open) && open.Session.Id == session && open.Ended is null;
            if (found && open!.IsBusy)
            {
                throw new InvalidDataException("the last question of this session is not answered yet");
            }

            if (found)
            {
                open!.IsBusy = true;
            }

            return found;
        }
    }

    private sealed class Open(SnapshotSession session)
    {
        public SnapshotSession Session => session;

        public int MaxPartBytes { get; set; } = PartBytes;

        /// <summary>A part is being made, outside of the lock.</summary>
        public bool IsBusy { get; set; }

        public bool WasAsked { get; set; }

        public long AskedAt { get; set; }

        /// <summary>How it ended, for the next tick.</summary>
        public bool? Ended { get; set; }
    }
}
