using Etcdish.Controllers.Services;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Services;

/// <summary>Where endpoints are put, and how little is changed for it.</summary>
public sealed class SlicePlannerTests
{
    private static readonly EndpointPort[] _http = [new() { Name = "http", Port = 80 }];

    [TestCase(0, new int[0])]
    [TestCase(1, new[] { 1 })]
    [TestCase(100, new[] { 100 })]
    [TestCase(250, new[] { 100, 100, 50 })]
    public void New_endpoints_fill_slices(int count, int[] expected)
    {
        var plan = Plan([], Group(Range(0, count)));
        Assert.That(plan.Creations.Select(draft => draft.Endpoints.Count), Is.EqualTo(expected));
    }

    [Test]
    public void Ten_thousand_endpoints_are_a_hundred_slices()
    {
        var plan = Plan([], Group(Range(0, 10_000)));
        Assert.That(plan.Creations, Has.Count.EqualTo(100).And.All.Matches<SliceDraft>(draft => draft!.Endpoints.Count == 100));
    }

    [Test]
    public void Nothing_is_written_when_nothing_changed()
    {
        var plan = Plan([Slice("a", Range(0, 100)), Slice("b", Range(100, 30))], Group(Range(0, 130).Reverse()));
        Assert.That(plan.IsEmpty);
    }

    [Test]
    public void An_endpoint_that_goes_changes_its_slice_only()
    {
        var plan = Plan([Slice("a", Range(0, 100)), Slice("b", Range(100, 100))], Group(Range(0, 200).Where(i => i != 150)));
        Assert.That(Said(plan), Is.EqualTo("b=99"));
    }

    [TestCase(40, "b=100", Description = "just fits into b")]
    [TestCase(41, "c=61", Description = "too many for b")]
    [TestCase(80, "c=100")]
    [TestCase(81, "+81", Description = "too many for any")]
    [TestCase(130, "+100 b=90", Description = "a new slice, and the rest where it fits best")]
    public void New_endpoints_go_where_they_just_fit(int count, string expected)
    {
        var plan = Plan(
            [Slice("a", Range(0, 100)), Slice("b", Range(100, 60)), Slice("c", Range(200, 20))],
            Group([.. Range(0, 160), .. Range(200, 20), .. Range(1000, count)]));
        Assert.That(Said(plan), Is.EqualTo(expected));
    }

    [Test]
    public void What_changes_anyway_is_filled_first()
    {
        var plan = Plan([Slice("a", Range(0, 50)), Slice("b", Range(100, 90))], Group([.. Range(1, 49), .. Range(100, 90), 1000, 1001]));
        Assert.That(Said(plan), Is.EqualTo("a=51"));
    }

    [Test]
    public void An_endpoint_that_is_no_longer_ready_stays_where_it_is()
    {
        var group = Group(Range(0, 3));
        group.Endpoints[1].Conditions = new EndpointConditions { Ready = false };
        var plan = Plan([Slice("a", Range(0, 3))], group);
        Assert.That(plan.Updates.Single().Endpoints.Select(endpoint => endpoint.Conditions.Ready), Is.EqualTo([true, false, true]));
    }

    [Test]
    public void A_service_without_endpoints_keeps_one_empty_slice()
    {
        Assert.That(Said(Plan([], Group([]), "IPv4")), Is.EqualTo("+0"));
        var empty = new EndpointSlice { Metadata = new ObjectMetadata { Name = "e" }, AddressType = "IPv4" };
        Assert.That(Plan([empty], Group([]), "IPv4").IsEmpty);
        Assert.That(Said(Plan([Slice("a", Range(0, 3)), Slice("b", Range(5, 3))], Group([]), "IPv4")), Is.EqualTo("a=0 -b"));
    }

    [Test]
    public void A_slice_that_would_go_becomes_one_that_would_be_made()
    {
        var group = new SliceGroup("IPv4", [new EndpointPort { Name = "http", Port = 81 }]);
        group.Endpoints.AddRange(Range(0, 3).Select(Make));
        var plan = Plan([Slice("a", Range(0, 3))], group);
        Assert.That(Said(plan), Is.EqualTo("a=3"));
        Assert.That(plan.Updates[0].Ports[0].Port, Is.EqualTo(81));
    }

    [Test]
    public void Slices_of_an_owner_that_is_gone_go_and_are_not_reused()
    {
        var plan = new SlicePlanner(100, _ => false, _ => false).Make([Slice("a", Range(0, 3))], [Group(Range(0, 3))], ["IPv4"]);
        Assert.That(Said(plan), Is.EqualTo("+3 -a"));
    }

    [Test]
    public void Stale_labels_are_written_again()
    {
        var plan = new SlicePlanner(100, _ => true, slice => slice.Metadata.Name == "b")
            .Make([Slice("a", Range(0, 3)), Slice("b", Range(5, 3))], [Group([.. Range(0, 3), .. Range(5, 3)])], ["IPv4"]);
        Assert.That(Said(plan), Is.EqualTo("b=3"));
    }

    [Test]
    public void Whatever_comes_and_goes_each_endpoint_is_in_one_slice_and_few_slices_change([Range(1, 20)] int seed)
    {
        var random = new Random(seed);
        var slices = new List<EndpointSlice>();
        var there = new HashSet<int>();
        for (var round = 0; round < 30; round++)
        {
            var gone = there.Where(_ => random.Next(20) == 0).ToHashSet();
            var added = Enumerable.Range(0, random.Next(60)).Select(_ => random.Next(2000)).Where(i => !there.Contains(i)).ToHashSet();
            var touched = slices.Count(slice => slice.Endpoints.Any(e => gone.Contains(int.Parse(e.TargetRef!.Name))));
            there.ExceptWith(gone);
            there.UnionWith(added);
            var group = Group(there.Order());
            var plan = new SlicePlanner(10, _ => true, _ => false).Make(slices, [group], ["IPv4"]);

            var writes = plan.Creations.Count + plan.Updates.Count + plan.Deletions.Count;
            Assert.That(writes, Is.LessThanOrEqualTo(touched + ((added.Count + 9) / 10) + 1), $"seed {seed}, round {round}");
            Apply(plan, slices, round);
            Assert.That(slices.SelectMany(s => s.Endpoints).Select(e => int.Parse(e.TargetRef!.Name)), Is.EquivalentTo(there), $"seed {seed}");
            Assert.That(slices, Has.All.Matches<EndpointSlice>(slice => slice!.Endpoints.Length <= 10), $"seed {seed}");
            Assert.That(new SlicePlanner(10, _ => true, _ => false).Make(slices, [group], ["IPv4"]).IsEmpty, $"seed {seed}: a second look writes");
        }
    }

    private static void Apply(SlicePlan plan, List<EndpointSlice> slices, int round)
    {
        slices.RemoveAll(plan.Deletions.Contains);
        slices.RemoveAll(slice => plan.Updates.Exists(draft => draft.Existing == slice));
        var number = 0;
        slices.AddRange(plan.Updates.Concat(plan.Creations).Select(draft => new EndpointSlice
        {
            Metadata = new ObjectMetadata { Name = draft.Existing?.Metadata.Name ?? $"{round}-{number++}" },
            AddressType = draft.AddressType,
            Ports = draft.Ports,
            Endpoints = [.. draft.Endpoints],
        }));
    }

    private static SlicePlan Plan(IReadOnlyList<EndpointSlice> existing, SliceGroup group, params string[] placeholders) =>
        new SlicePlanner(100, _ => true, _ => false).Make(existing, [group], placeholders);

    private static string Said(SlicePlan plan) => string.Join(' ', plan.Creations.Select(draft => $"+{draft.Endpoints.Count}")
        .Concat(plan.Updates.Select(draft => $"{draft.Existing!.Metadata.Name}={draft.Endpoints.Count}"))
        .Concat(plan.Deletions.Select(slice => $"-{slice.Metadata.Name}")));

    private static IEnumerable<int> Range(int first, int count) => Enumerable.Range(first, count);

    private static SliceGroup Group(IEnumerable<int> endpoints)
    {
        var group = new SliceGroup("IPv4", _http);
        group.Endpoints.AddRange(endpoints.Select(Make));
        return group;
    }

    private static EndpointSlice Slice(string name, IEnumerable<int> endpoints) => new()
    {
        Metadata = new ObjectMetadata { Name = name },
        AddressType = "IPv4",
        Ports = _http,
        Endpoints = [.. endpoints.Select(Make)],
    };

    private static Endpoint Make(int number) => new()
    {
        Addresses = [$"10.0.{number / 250}.{number % 250}"],
        Conditions = new EndpointConditions { Ready = true },
        TargetRef = new ObjectReference { Kind = "Pod", Name = $"{number}" },
    };
}
