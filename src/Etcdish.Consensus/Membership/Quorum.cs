namespace Etcdish.Consensus;

/// <summary>How a vote stands.</summary>
internal enum VoteOutcome
{
    Pending,
    Won,
    Lost,
}

/// <summary>
/// The arithmetic of majorities, as functions of numbers only. A joint decision is both majorities' decision: the lower of two indexes,
/// the worse of two outcomes. A half without voters decides nothing and hinders nothing.
/// </summary>
internal static class Quorum
{
    internal static int Majority(int voters) => (voters / 2) + 1;

    /// <summary>The highest value that a majority has reached. Sorts in place; no voters at all have reached everything.</summary>
    internal static ulong MajorityReached(Span<ulong> reached)
    {
        if (reached.IsEmpty)
        {
            return ulong.MaxValue;
        }

        InsertionSort(reached);
        return reached[reached.Length - Majority(reached.Length)];
    }

    internal static VoteOutcome MajorityVote(int voters, int granted, int refused)
    {
        if (voters == 0 || granted >= Majority(voters))
        {
            return VoteOutcome.Won;
        }

        return voters - refused < Majority(voters) ? VoteOutcome.Lost : VoteOutcome.Pending;
    }

    internal static ulong Joint(ulong incoming, ulong outgoing) => Math.Min(incoming, outgoing);

    internal static VoteOutcome Joint(VoteOutcome incoming, VoteOutcome outgoing)
    {
        if (incoming == VoteOutcome.Lost || outgoing == VoteOutcome.Lost)
        {
            return VoteOutcome.Lost;
        }

        return incoming == VoteOutcome.Won && outgoing == VoteOutcome.Won ? VoteOutcome.Won : VoteOutcome.Pending;
    }

    // Clusters have up to seven voters: shorter than any general sort, and free of allocation.
    private static void InsertionSort(Span<ulong> values)
    {
        for (var i = 1; i < values.Length; i++)
        {
            var value = values[i];
            var hole = i;
            while (hole > 0 && values[hole - 1] > value)
            {
                values[hole] = values[hole - 1];
                hole--;
            }

            values[hole] = value;
        }
    }
}
