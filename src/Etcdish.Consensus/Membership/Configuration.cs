using System.Collections.Immutable;
using System.Text;

namespace Etcdish.Consensus;

/// <summary>
/// Who belongs to the cluster and who decides (Raft thesis, chapter 4). While <see cref="Outgoing"/> is not empty the configuration is
/// joint: elections and commits need a majority of <see cref="Voters"/> and a majority of <see cref="Outgoing"/>. Immutable; each list is
/// sorted and free of duplicates.
/// </summary>
public sealed class Configuration : IEquatable<Configuration>
{
    /// <summary>A member that was not yet told who the others are.</summary>
    public static readonly Configuration Empty = new([], [], [], [], []);

    /// <summary>Makes a configuration from lists in any order, as decoded from the wire or the log.</summary>
    /// <param name="voters">Who votes; in a joint configuration, who votes after it.</param>
    /// <param name="outgoing">Who voted before a joint configuration; else empty.</param>
    /// <param name="learners">Who receives entries without a vote. No voter of either list is among them.</param>
    /// <param name="learnersNext">Which outgoing voters become learners when the joint configuration is left.</param>
    /// <param name="removed">Ids that were members once and may never be again.</param>
    /// <exception cref="ArgumentException">The lists contradict each other, or an id is 0 or named twice.</exception>
    public Configuration(
        IEnumerable<ulong> voters,
        IEnumerable<ulong> outgoing,
        IEnumerable<ulong> learners,
        IEnumerable<ulong> learnersNext,
        IEnumerable<ulong> removed)
    {
        Voters = Sorted(voters, nameof(voters));
        Outgoing = Sorted(outgoing, nameof(outgoing));
        Learners = Sorted(learners, nameof(learners));
        LearnersNext = Sorted(learnersNext, nameof(learnersNext));
        Removed = Sorted(removed, nameof(removed));
        RefuseOverlap(Learners, Voters, "a learner is a voter");
        RefuseOverlap(Learners, Outgoing, "a learner is an outgoing voter");
        RefuseOverlap(LearnersNext, Voters, "a learner to be is an incoming voter");
        RefuseOverlap(Removed, Voters, "a removed member is a voter");
        RefuseOverlap(Removed, Outgoing, "a removed member is an outgoing voter");
        RefuseOverlap(Removed, Learners, "a removed member is a learner");
        if (LearnersNext.Any(member => !Outgoing.Contains(member)))
        {
            throw new ArgumentException("only an outgoing voter can wait to become a learner", nameof(learnersNext));
        }

        if (Voters.IsEmpty && (!Outgoing.IsEmpty || !Learners.IsEmpty))
        {
            throw new ArgumentException("a cluster without voters", nameof(voters));
        }
    }

    /// <summary>Voters; in a joint configuration the incoming ones.</summary>
    public ImmutableArray<ulong> Voters { get; }

    /// <summary>The voters before a joint configuration; empty otherwise.</summary>
    public ImmutableArray<ulong> Outgoing { get; }

    /// <summary>Members without a vote.</summary>
    public ImmutableArray<ulong> Learners { get; }

    /// <summary>Outgoing voters that become learners when the joint configuration is left.</summary>
    public ImmutableArray<ulong> LearnersNext { get; }

    /// <summary>Ids that may never be members again.</summary>
    public ImmutableArray<ulong> Removed { get; }

    /// <summary>Two majorities are needed.</summary>
    public bool IsJoint => !Outgoing.IsEmpty;

    /// <summary>A configuration of voters only.</summary>
    /// <param name="voters">Their ids.</param>
    /// <returns>The configuration.</returns>
    public static Configuration Of(params IEnumerable<ulong> voters) => new(voters, [], [], [], []);

    /// <summary>Whether a member's vote and acknowledgements count, in either half.</summary>
    /// <param name="member">Its id.</param>
    /// <returns>True for a voter.</returns>
    public bool IsVoter(ulong member) => Contains(Voters, member) || Contains(Outgoing, member);

    /// <summary>Whether a member receives entries without having a vote.</summary>
    /// <param name="member">Its id.</param>
    /// <returns>True for a learner.</returns>
    public bool IsLearner(ulong member) => Contains(Learners, member);

    /// <summary>Whether an id belongs to the cluster in any part.</summary>
    /// <param name="member">Its id.</param>
    /// <returns>True for voters of either half and learners.</returns>
    public bool IsMember(ulong member) => IsVoter(member) || IsLearner(member);

    /// <summary>Whether an id was a member once and may never be again.</summary>
    /// <param name="member">Its id.</param>
    /// <returns>True for a removed member.</returns>
    public bool IsRemoved(ulong member) => Contains(Removed, member);

    /// <summary>All members in ascending order, each once.</summary>
    /// <returns>A new array.</returns>
    public ulong[] Members() => [.. new SortedSet<ulong>([.. Voters, .. Outgoing, .. Learners])];

    /// <inheritdoc/>
    public bool Equals(Configuration? other) =>
        other is not null
        && Voters.AsSpan().SequenceEqual(other.Voters.AsSpan())
        && Outgoing.AsSpan().SequenceEqual(other.Outgoing.AsSpan())
        && Learners.AsSpan().SequenceEqual(other.Learners.AsSpan())
        && LearnersNext.AsSpan().SequenceEqual(other.LearnersNext.AsSpan())
        && Removed.AsSpan().SequenceEqual(other.Removed.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Configuration);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = 17UL;
        foreach (var member in Voters)
        {
            hash = (hash * 31) + member;
        }

        foreach (var member in Outgoing)
        {
            hash = (hash * 37) + member;
        }

        return hash.GetHashCode();
    }

    /// <summary>In short form, as scripts and logs show it: <c>voters=(1 2 3)&amp;(1 2 4) learners=(5)</c>.</summary>
    /// <returns>One line.</returns>
    public override string ToString()
    {
        var text = new StringBuilder("voters=(").AppendJoin(' ', Voters).Append(')');
        if (IsJoint)
        {
            text.Append("&(").AppendJoin(' ', Outgoing).Append(')');
        }

        AppendList(text, " learners=", Learners);
        AppendList(text, " learners-next=", LearnersNext);
        AppendList(text, " removed=", Removed);
        return text.ToString();
    }

    private static void AppendList(StringBuilder text, string name, ImmutableArray<ulong> members)
    {
        if (!members.IsEmpty)
        {
            text.Append(name).Append('(').AppendJoin(' ', members).Append(')');
        }
    }

    private static bool Contains(ImmutableArray<ulong> members, ulong member)
    {
        foreach (var candidate in members)
        {
            if (candidate == member)
            {
                return true;
            }
        }

        return false;
    }

    private static ImmutableArray<ulong> Sorted(IEnumerable<ulong> members, string name)
    {
        ImmutableArray<ulong> sorted = [.. members.Order()];
        for (var i = 0; i < sorted.Length; i++)
        {
            if (sorted[i] == 0 || (i > 0 && sorted[i] == sorted[i - 1]))
            {
                throw new ArgumentException(sorted[i] == 0 ? "0 is nobody's id" : $"member {sorted[i]} is named twice", name);
            }
        }

        return sorted;
    }

    private static void RefuseOverlap(ImmutableArray<ulong> some, ImmutableArray<ulong> others, string what)
    {
        foreach (var member in some)
        {
            if (others.Contains(member))
            {
                throw new ArgumentException($"{what}: {member}");
            }
        }
    }
}
