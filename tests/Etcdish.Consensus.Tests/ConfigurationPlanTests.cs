namespace Etcdish.Consensus.Tests;

/// <summary>Changes of membership: every change of one or two steps on every small configuration, and the cases that have names.</summary>
[TestFixture]
internal sealed class ConfigurationPlanTests
{
    [Test]
    public void Every_change_of_up_to_two_steps_keeps_the_rules()
    {
        var tried = 0;
        foreach (var current in SmallConfigurations())
        {
            foreach (var changes in SmallChanges())
            {
                var next = ConfigurationPlan.TryApply(current, changes, out var reason);
                Assert.That(next is null, Is.EqualTo(reason is not null), "a refusal has a reason");
                tried += next is null ? 0 : 1;
                if (next is not null)
                {
                    Check(current, changes, next);
                }
            }
        }

        Assert.That(tried, Is.GreaterThan(1000));
    }

    [Test]
    public void One_voter_more_is_a_change_of_its_own()
    {
        var next = Apply(Configuration.Of(1, 2, 3), new MemberChange(MemberChangeKind.AddVoter, 4));
        Assert.That(next, Is.EqualTo(Configuration.Of(1, 2, 3, 4)));
    }

    [Test]
    public void An_exchange_goes_through_both_majorities()
    {
        var joint = Apply(
            Configuration.Of(1, 2, 3), new MemberChange(MemberChangeKind.AddVoter, 4), new MemberChange(MemberChangeKind.Remove, 3));
        Assert.That(joint, Is.EqualTo(new Configuration([1, 2, 4], [1, 2, 3], [], [], [])));
        Assert.That(ConfigurationPlan.Leave(joint), Is.EqualTo(new Configuration([1, 2, 4], [], [], [], [3])));
    }

    [Test]
    public void A_demoted_voter_is_a_learner_only_after_the_joint_phase()
    {
        var joint = Apply(
            Configuration.Of(1, 2, 3), new MemberChange(MemberChangeKind.Demote, 2), new MemberChange(MemberChangeKind.Demote, 3));
        Assert.That(joint, Is.EqualTo(new Configuration([1], [1, 2, 3], [], [2, 3], [])));
        Assert.That(joint.IsLearner(2), Is.False);
        Assert.That(ConfigurationPlan.Leave(joint), Is.EqualTo(new Configuration([1], [], [2, 3], [], [])));
    }

    [Test]
    public void A_configuration_that_contradicts_itself_is_refused()
    {
        Assert.That(() => new Configuration([1, 1], [], [], [], []), Throws.ArgumentException.With.Message.Contains("named twice"));
        Assert.That(() => new Configuration([1], [], [1], [], []), Throws.ArgumentException.With.Message.Contains("a learner is a voter"));
        Assert.That(() => new Configuration([1], [], [0], [], []), Throws.ArgumentException.With.Message.Contains("nobody"));
        Assert.That(() => new Configuration([], [], [1], [], []), Throws.ArgumentException.With.Message.Contains("without voters"));
        Assert.That(() => new Configuration([1], [2], [], [3], []), Throws.ArgumentException.With.Message.Contains("outgoing voter"));
        Assert.That(() => new Configuration([1], [], [], [], [1]), Throws.ArgumentException.With.Message.Contains("removed"));
    }

    [Test]
    public void History_puts_the_configuration_before_in_force_again_when_one_is_cut()
    {
        var history = new ConfigurationHistory(5, Configuration.Of(1));
        history.Append(7, Configuration.Of(1, 2));
        history.Append(9, Configuration.Of(1, 2, 3));
        Assert.That(history.At(8), Is.EqualTo(Configuration.Of(1, 2)));
        history.TruncateFrom(9);
        Assert.That((history.CurrentIndex, history.Current), Is.EqualTo((7UL, Configuration.Of(1, 2))));
        history.Compact(8);
        Assert.That(history.At(8), Is.EqualTo(Configuration.Of(1, 2)));
        history.TruncateFrom(8);
        Assert.That(history.CurrentIndex, Is.EqualTo(7));
    }

    private static Configuration Apply(Configuration current, params MemberChange[] changes)
    {
        var next = ConfigurationPlan.TryApply(current, changes, out var reason);
        return next ?? throw new AssertionException(reason ?? "refused without a reason");
    }

    private static void Check(Configuration current, MemberChange[] changes, Configuration next)
    {
        var final = next.IsJoint ? ConfigurationPlan.Leave(next) : next;
        var what = $"{current}, {string.Join(' ', changes)}: {next}, then {final}";
        var exchanged = current.Voters.Except(final.Voters).Count() + final.Voters.Except(current.Voters).Count();
        Assert.That(next.IsJoint, Is.EqualTo(exchanged > 1), what);
        Assert.That(!next.IsJoint || next.Outgoing.SequenceEqual(current.Voters), Is.True, what);
        Assert.That(current.Removed.Except(final.Removed), Is.Empty, what);
        foreach (var (kind, member) in changes)
        {
            var holds = kind switch
            {
                MemberChangeKind.AddVoter or MemberChangeKind.Promote => final.Voters.Contains(member),
                MemberChangeKind.AddLearner or MemberChangeKind.Demote => final.Learners.Contains(member),
                _ => final.IsRemoved(member) && !final.IsMember(member),
            };
            Assert.That(holds, Is.True, what);
        }

        foreach (var member in current.Members().Where(member => changes.All(change => change.Member != member)))
        {
            Assert.That(final.IsVoter(member), Is.EqualTo(current.IsVoter(member)), what);
            Assert.That(final.IsLearner(member), Is.EqualTo(current.IsLearner(member)), what);
        }
    }

    /// <summary>Each of four ids is a voter, a learner, removed or unknown.</summary>
    private static IEnumerable<Configuration> SmallConfigurations()
    {
        for (var number = 0; number < 256; number++)
        {
            var places = Enumerable.Range(0, 4).ToLookup(id => (number >> (2 * id)) & 3, id => (ulong)id + 1);
            if (places[1].Any())
            {
                yield return new Configuration(places[1], [], places[2], [], places[3]);
            }
        }
    }

    private static IEnumerable<MemberChange[]> SmallChanges()
    {
        var single = Enum.GetValues<MemberChangeKind>()
            .SelectMany(kind => Enumerable.Range(1, 5).Select(id => new MemberChange(kind, (ulong)id)))
            .ToArray();
        yield return [];
        foreach (var one in single)
        {
            yield return [one];
            foreach (var other in single)
            {
                yield return [one, other];
            }
        }
    }
}
