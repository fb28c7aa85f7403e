using System.Text;
using Etcdish.Kubernetes.Objects;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Tests.Dns;

/// <summary>The zone, changed step by step.</summary>
public sealed class ZoneTests
{
    [Test]
    public void A_zone_is_as_if_it_had_been_made_at_once([Range(0, 29)] int seed)
    {
        var random = new Random(seed);
        var stepwise = new ZoneBench();
        Dictionary<string, (Service, EndpointSlice[])> there = [];
        for (var step = 0; step < 200; step++)
        {
            var name = $"s{random.Next(6)}";
            if (random.Next(4) == 0)
            {
                there.Remove(name);
                stepwise.Zone.Replace($"default/{name}", []);
            }
            else
            {
                there[name] = RandomService(random, name);
                stepwise.Put(there[name].Item1, there[name].Item2);
            }

            if (step % 20 == 0)
            {
                Assert.That(Dump(stepwise), Is.EqualTo(Dump(AtOnce(there.Values, random))), $"seed {seed}, step {step}");
            }
        }

        foreach (var name in there.Keys)
        {
            stepwise.Zone.Replace($"default/{name}", []);
        }

        Assert.That(Dump(stepwise), Is.EqualTo(Dump(new ZoneBench())), "nothing is left behind");
    }

    [Test]
    public void A_change_has_a_new_serial_and_no_change_has_not()
    {
        var bench = new ZoneBench();
        var before = bench.Zone.Authority;
        bench.Put(ZoneBench.Service("a", ["10.96.0.1"]));
        var after = bench.Zone.Authority;
        bench.Put(ZoneBench.Service("a", ["10.96.0.1"]));
        Assert.That(after, Is.Not.EqualTo(before));
        Assert.That(bench.Zone.Authority, Is.SameAs(after));
    }

    private static ZoneBench AtOnce(IEnumerable<(Service, EndpointSlice[])> services, Random random)
    {
        var bench = new ZoneBench();
        var shuffled = services.ToArray();
        random.Shuffle(shuffled);
        foreach (var (service, slices) in shuffled)
        {
            bench.Put(service, slices);
        }

        return bench;
    }

    private static (Service, EndpointSlice[]) RandomService(Random random, string name) => random.Next(3) switch
    {
        0 => (ZoneBench.Service(name, [$"10.96.0.{random.Next(4)}"], ("p", "TCP", random.Next(1, 4))), []),
        1 => (ZoneBench.Alias(name, $"s{random.Next(6)}.default.svc.cluster.local"), []),
        _ => (ZoneBench.Service(name, ["None"]), [.. Enumerable.Range(0, random.Next(3)).Select(_ => ZoneBench.Slice("p", 80,
            [.. Enumerable.Range(0, random.Next(4)).Select(_ =>
                $"10.0.0.{random.Next(5)}{(random.Next(2) == 0 ? $"/h{random.Next(3)}" : "")}{(random.Next(4) == 0 ? "!" : "")}")]))]),
    };

    private static string Dump(ZoneBench bench)
    {
        var text = new StringBuilder();
        foreach (var (name, node) in bench.Zone.All.OrderBy(pair => WireName.ToText(pair.Key), StringComparer.Ordinal))
        {
            text.Append(WireName.ToText(name));
            foreach (var set in node.Sets)
            {
                text.Append($" {set.Type}:{string.Join(',', set.Data.Select(Convert.ToHexString))}");
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
