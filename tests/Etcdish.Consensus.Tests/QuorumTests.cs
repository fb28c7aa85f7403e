namespace Etcdish.Consensus.Tests;

/// <summary>The arithmetic of majorities against its definition, for every case of up to seven voters.</summary>
[TestFixture]
internal sealed class QuorumTests
{
    [Test]
    public void What_a_majority_reached_is_the_highest_value_that_a_majority_has_at_least()
    {
        // Values 0 to 3 suffice: only their order matters, and four levels hold every tie between neighbours of the decision.
        for (var voters = 0; voters <= 7; voters++)
        {
            foreach (var values in Tuples(voters, 4))
            {
                var levels = Enumerable.Range(0, 4).Select(level => (ulong)level);
                var expected = voters == 0
                    ? ulong.MaxValue
                    : levels.Where(level => values.Count(value => value >= level) * 2 > voters).Max();
                var reached = values.ToArray();
                if (Quorum.MajorityReached(reached) != expected)
                {
                    Assert.Fail($"of [{string.Join(' ', values)}] a majority reached {expected}, not {Quorum.MajorityReached(reached)}");
                }
            }
        }
    }

    [Test]
    public void A_vote_is_won_or_lost_as_soon_as_nothing_to_come_can_change_it()
    {
        for (var voters = 0; voters <= 7; voters++)
        {
            for (var granted = 0; granted <= voters; granted++)
            {
                for (var refused = 0; refused + granted <= voters; refused++)
                {
                    var outcomes = Enumerable.Range(0, voters - granted - refused + 1)
                        .Select(more => voters == 0 || (granted + more) * 2 > voters)
                        .Distinct()
                        .ToArray();
                    var expected = outcomes.Length > 1 ? VoteOutcome.Pending : outcomes[0] ? VoteOutcome.Won : VoteOutcome.Lost;
                    var outcome = Quorum.MajorityVote(voters, granted, refused);
                    Assert.That(outcome, Is.EqualTo(expected), $"{granted} yes, {refused} no of {voters}");
                }
            }
        }
    }

    [Test]
    public void Any_two_majorities_of_one_configuration_meet([Range(1, 7)] int voters)
    {
        var majorities = Enumerable.Range(0, 1 << voters)
            .Where(set => int.PopCount(set) >= Quorum.Majority(voters))
            .ToArray();
        Assert.That(majorities.All(one => majorities.All(other => (one & other) != 0)), Is.True);
        Assert.That(majorities.Any(one => int.PopCount(one) * 2 <= voters), Is.False);
    }

    [Test]
    public void Majorities_of_configurations_that_differ_by_one_voter_meet([Range(1, 6)] int voters)
    {
        var smaller = Enumerable.Range(0, 1 << voters).Where(set => int.PopCount(set) >= Quorum.Majority(voters)).ToArray();
        var larger = Enumerable.Range(0, 1 << (voters + 1)).Where(set => int.PopCount(set) >= Quorum.Majority(voters + 1));
        Assert.That(larger.All(one => smaller.All(other => (one & other) != 0)), Is.True);
    }

    [Test]
    public void A_joint_decision_needs_both_halves()
    {
        foreach (var incoming in Enum.GetValues<VoteOutcome>())
        {
            foreach (var outgoing in Enum.GetValues<VoteOutcome>())
            {
                var expected = (incoming, outgoing) switch
                {
                    (VoteOutcome.Won, VoteOutcome.Won) => VoteOutcome.Won,
                    (VoteOutcome.Lost, _) or (_, VoteOutcome.Lost) => VoteOutcome.Lost,
                    _ => VoteOutcome.Pending,
                };
                Assert.That(Quorum.Joint(incoming, outgoing), Is.EqualTo(expected));
            }
        }

        Assert.That(Quorum.Joint(3UL, 5UL), Is.EqualTo(3));
        Assert.That(Quorum.Joint(5UL, ulong.MaxValue), Is.EqualTo(5), "a half without voters hinders nothing");
    }

    private static IEnumerable<ulong[]> Tuples(int length, int levels)
    {
        var count = (int)Math.Pow(levels, length);
        for (var number = 0; number < count; number++)
        {
            var tuple = new ulong[length];
            for (int place = 0, rest = number; place < length; place++, rest /= levels)
            {
                tuple[place] = (ulong)(rest % levels);
            }

            yield return tuple;
        }
    }
}
