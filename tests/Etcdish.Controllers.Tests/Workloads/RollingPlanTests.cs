using Etcdish.Controllers.Workloads;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>The arithmetic of rolling updates and of scaling in the middle of one.</summary>
public sealed class RollingPlanTests
{
    [TestCase(10, "25%", "25%", 3, 2)]
    [TestCase(1, "25%", "25%", 1, 0)]
    [TestCase(3, "1", "0", 1, 0)]
    [TestCase(10, "0", "0", 0, 1)]
    [TestCase(10, "0%", "5%", 0, 1)]
    [TestCase(2, "0", "100%", 0, 2)]
    [TestCase(2, "0", "5", 0, 2)]
    [TestCase(0, "25%", "25%", 0, 0)]
    [TestCase(7, "50%", "50%", 4, 3)]
    public void Surge_is_rounded_up_and_unavailable_down(int replicas, string surge, string unavailable, int expectedSurge, int expectedUnavailable) =>
        Assert.That(
            RollingBounds.Of(RolloutSamples.Deployment(replicas, surge, unavailable).Spec),
            Is.EqualTo(new RollingBounds(expectedSurge, expectedUnavailable)));

    [Test]
    public void Recreate_has_no_bounds()
    {
        var deployment = RolloutSamples.Deployment(10, "25%", "25%");
        deployment.Spec.Strategy.Type = "Recreate";
        Assert.That(RollingBounds.Of(deployment.Spec), Is.EqualTo(default(RollingBounds)));
    }

    [TestCase(10, "0", 10, 0, 0)]
    [TestCase(10, "2", 10, 0, 2)]
    [TestCase(10, "2", 5, 0, 7)]
    [TestCase(10, "2", 10, 2, 2)]
    [TestCase(10, "2", 2, 11, 10)]
    [TestCase(10, "2", 0, 3, 10)]
    [TestCase(10, "2", 14, 1, 1)]
    public void The_newest_set_grows_into_the_room_there_is(int replicas, string surge, int old, int newest, int expected)
    {
        var rollout = new Rollout(
            RolloutSamples.Deployment(replicas, surge), [RolloutSamples.Set("old", old, age: 2), RolloutSamples.Set("new", newest)]);
        Assert.That(RollingPlan.NewestSize(rollout), Is.EqualTo(expected));
    }

    [Test]
    public void Pods_that_are_still_to_be_deleted_take_room()
    {
        var rollout = new Rollout(
            RolloutSamples.Deployment(10), [RolloutSamples.Set("old", 8, age: 2, there: 10), RolloutSamples.Set("new", 0)]);
        Assert.That(RollingPlan.NewestSize(rollout), Is.Zero);
    }

    [Test]
    public void Nothing_moves_before_all_sets_have_acted()
    {
        var old = RolloutSamples.Set("old", 10, available: 10, age: 2);
        var rollout = new Rollout(RolloutSamples.Deployment(10, "2", "2"), [old, RolloutSamples.Set("new", 0)]);
        Assert.That(RollingPlan.NewestSize(rollout), Is.EqualTo(2));
        Assert.That(RollingPlan.ShrinkOld(rollout), Is.Not.Empty);
        old.Metadata.Generation = 2;
        old.Status.ObservedGeneration = 1;
        Assert.That(RollingPlan.NewestSize(rollout), Is.Zero);
        Assert.That(RollingPlan.ShrinkOld(rollout), Is.Empty);
    }

    [TestCase(10, "0", 10, 10, 0, 0, 10)]
    [TestCase(10, "2", 10, 10, 0, 0, 8)]
    [TestCase(10, "2", 10, 8, 0, 0, 8)]
    [TestCase(10, "2", 10, 9, 0, 0, 8)]
    [TestCase(10, "2", 8, 8, 0, 0, 8)]
    [TestCase(10, "2", 8, 8, 5, 0, 8)]
    [TestCase(10, "2", 8, 8, 4, 4, 4)]
    [TestCase(10, "2", 8, 7, 5, 0, 8)]
    [TestCase(10, "2", 8, 4, 4, 0, 8)]
    [TestCase(4, "1", 4, 0, 1, 0, 3)]
    [TestCase(10, "100%", 10, 10, 0, 0, 0)]
    [TestCase(10, "2", 8, 10, 1, 1, 7)]
    public void Old_sets_shrink_as_far_as_enough_is_available(
        int replicas, string unavailable, int old, int oldAvailable, int newest, int newestAvailable, int expected)
    {
        var rollout = new Rollout(
            RolloutSamples.Deployment(replicas, "3", unavailable),
            [RolloutSamples.Set("old", old, oldAvailable, age: 2), RolloutSamples.Set("new", newest, newestAvailable)]);
        Assert.That(RolloutSamples.After(rollout, RollingPlan.ShrinkOld(rollout))["old"], Is.EqualTo(expected));
    }

    [Test]
    public void Unavailable_pods_of_all_old_sets_go_before_available_ones_and_the_oldest_first()
    {
        var rollout = new Rollout(
            RolloutSamples.Deployment(10, "3", "2"),
            [RolloutSamples.Set("a", 4, 4, age: 9), RolloutSamples.Set("b", 6, 3, age: 8), RolloutSamples.Set("new", 3, 3)]);
        Assert.That(
            RolloutSamples.After(rollout, RollingPlan.ShrinkOld(rollout)),
            Is.EquivalentTo(new Dictionary<string, int> { ["a"] = 2, ["b"] = 3, ["new"] = 3 }));
    }

    /// <summary>Sizes before, as newest and then old ones from the youngest on; pods wanted before and now; sizes behind it.</summary>
    [TestCase(10, 12, "0", "10", "12")]
    [TestCase(10, 5, "0", "10", "5")]
    [TestCase(5, 10, "0", "2 3", "4 6")]
    [TestCase(5, 3, "0", "2 3", "1 2")]
    [TestCase(9, 4, "0", "8 1", "4 0")]
    [TestCase(7, 10, "0", "2 3 2", "3 4 3")]
    [TestCase(13, 8, "0", "2 8 3", "1 5 2")]
    [TestCase(10, 15, "3", "5 8", "7 11")]
    [TestCase(10, 0, "3", "5 8", "0 0")]
    [TestCase(3, 4, "0", "0 3", "0 4")]
    [TestCase(4, 5, "0", "2 2", "3 2")]
    [TestCase(4, 3, "0", "2 2", "2 1")]
    public void Sets_are_scaled_in_proportion(int before, int replicas, string surge, string sizes, string expected)
    {
        var max = before + int.Parse(surge);
        int[] all = [.. sizes.Split(' ').Select(int.Parse)];
        var rollout = new Rollout(
            RolloutSamples.Deployment(replicas, surge),
            all.Select((size, i) => RolloutSamples.Set(i == 0 ? "new" : $"old-{i}", size, age: i, sizedFor: before, max: max)));
        Assert.That(ScalingPlan.IsDue(rollout), Is.True);
        var after = RolloutSamples.After(rollout, ScalingPlan.Of(rollout));
        Assert.That(
            string.Join(' ', all.Select((_, i) => after[i == 0 ? "new" : $"old-{i}"])), Is.EqualTo(expected));
    }

    [Test]
    public void A_new_set_that_has_all_lets_old_ones_go()
    {
        var rollout = new Rollout(
            RolloutSamples.Deployment(4, "1"),
            [RolloutSamples.Set("old", 2, 2, age: 2, sizedFor: 3), RolloutSamples.Set("new", 4, 4)]);
        Assert.That(
            RolloutSamples.After(rollout, ScalingPlan.Of(rollout)), Is.EquivalentTo(new Dictionary<string, int> { ["old"] = 0, ["new"] = 4 }));
    }

    [Test]
    public void Nothing_is_to_be_scaled_without_sets() =>
        Assert.That(ScalingPlan.Of(new Rollout(RolloutSamples.Deployment(3), [])), Is.Empty);

    [Test]
    public void Of_several_sets_of_the_template_the_oldest_is_the_newest()
    {
        var twin = RolloutSamples.Set("new", 1, age: 5);
        twin.Metadata.Uid = "twin";
        var rollout = new Rollout(RolloutSamples.Deployment(3), [RolloutSamples.Set("new", 1, age: 1), twin]);
        Assert.That(rollout.Newest!.Metadata.Uid, Is.EqualTo("twin"));
        Assert.That(rollout.Old, Has.Count.EqualTo(1));
    }
}
