using Etcdish.Controllers.StatefulSets;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.StatefulSets;

/// <summary>
/// Plans carried out in a world where pods start, fail and end in random order while users change what they want. Every plan keeps the
/// promises of its kind, and when users and pods come to rest, so does the set.
/// </summary>
public sealed class StatefulPlannerPropertyTests
{
    private const int RestlessRounds = 60;

    [Test]
    public void Plans_keep_their_promises([Values("OrderedReady", "Parallel")] string management, [Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var set = StatefulObjects.Set(random.Next(0, 6), management);
        set.Spec.UpdateStrategy.RollingUpdate!.MaxUnavailable = random.Next(3) == 0 ? new IntOrString(random.Next(1, 4)) : null;
        set.Spec.Ordinals.Start = random.Next(3);
        var revision = 'B';
        SortedDictionary<int, (char Revision, string State)> world = [];
        for (var round = 0; round < 400; round++)
        {
            var isRestless = round < RestlessRounds;
            if (isRestless && random.Next(8) == 0)
            {
                set.Spec.Replicas = random.Next(0, 6);
                set.Spec.Ordinals.Start = random.Next(10) == 0 ? random.Next(3) : set.Spec.Ordinals.Start;
                revision = random.Next(2) == 0 && revision < 'Y' ? (char)(revision + 1) : revision;
            }

            var pods = StatefulObjects.Pods(string.Join(' ', world.Select(pod => $"{pod.Key}:{pod.Value.Revision}{pod.Value.State}")));
            var plan = StatefulPlanner.Plan(set, pods, "A", $"{revision}", StatefulObjects.Now, _ => false);
            var steps = string.Join(' ', plan.Steps.Select(s => (s.Action, s.Ordinal)));
            var context = $"{management}, seed {seed}, round {round}: {string.Join(' ', world)}: {steps}";
            Check(set, world, plan, $"{revision}", context);
            if (!isRestless && plan.Steps.Count == 0 && world.Values.All(pod => pod.State == "+"))
            {
                Assert.That(world.Keys, Is.EqualTo(Enumerable.Range(set.Spec.Ordinals.Start, set.Spec.Replicas)), context);
                Assert.That(world.Values.Select(pod => pod.Revision), Is.All.EqualTo(revision), context);
                return;
            }

            CarryOut(plan, world);
            Live(world, random, isRestless);
        }

        Assert.Fail($"{management}, seed {seed}: never at rest: {string.Join(' ', world)}");
    }

    private static void Check(
        StatefulSet set, SortedDictionary<int, (char Revision, string State)> world, StatefulPlan plan, string revision, string context)
    {
        var start = set.Spec.Ordinals.Start;
        var wanted = Enumerable.Range(start, set.Spec.Replicas).ToList();
        Assert.That(plan.Steps.Select(step => step.Ordinal), Is.Unique, context);
        foreach (var step in plan.Steps)
        {
            Assert.That(world.ContainsKey(step.Ordinal), Is.EqualTo(step.Action == StatefulAction.Delete), context);
            if (step.Action == StatefulAction.Create && set.Spec.PodManagementPolicy == "OrderedReady")
            {
                Assert.That(plan.Steps, Has.Count.EqualTo(1), context);
                Assert.That(wanted.Where(o => o < step.Ordinal).All(o => world.TryGetValue(o, out var pod) && pod.State == "+"), context);
            }
        }

        // Of those that are wanted and serve, no more are taken than may be missing, and only for a new revision.
        var serving = wanted.Where(o => world.TryGetValue(o, out var pod) && pod.State == "+").ToHashSet();
        var taken = plan.Steps.Where(step => step.Action == StatefulAction.Delete && serving.Contains(step.Ordinal)).ToList();
        var mayBeMissing = set.Spec.UpdateStrategy.RollingUpdate!.MaxUnavailable?.Number ?? 1;
        Assert.That(taken, Has.Count.LessThanOrEqualTo(Math.Max(0, mayBeMissing - (wanted.Count - serving.Count))), context);
        Assert.That(taken.Select(step => StatefulIdentity.Revision(step.Pod!)), Is.All.Not.EqualTo(revision), context);
    }

    private static void CarryOut(StatefulPlan plan, SortedDictionary<int, (char Revision, string State)> world)
    {
        foreach (var step in plan.Steps)
        {
            if (step.Action == StatefulAction.Create)
            {
                world[step.Ordinal] = (step.Revision[0], "?");
            }
            else
            {
                world[step.Ordinal] = world[step.Ordinal] with { State = world[step.Ordinal].State + "x" };
            }
        }
    }

    /// <summary>Some pods start, some that were deleted go, and while all is restless some fail.</summary>
    private static void Live(SortedDictionary<int, (char Revision, string State)> world, Random random, bool isRestless)
    {
        foreach (var (ordinal, (revision, state)) in world.ToList())
        {
            if (random.Next(2) == 0)
            {
                continue;
            }

            if (state.EndsWith('x'))
            {
                world.Remove(ordinal);
            }
            else if (isRestless && random.Next(6) == 0)
            {
                world[ordinal] = (revision, random.Next(2) == 0 ? "!" : "-");
            }
            else if (state is "?" or "-")
            {
                world[ordinal] = (revision, "+");
            }
        }
    }
}
