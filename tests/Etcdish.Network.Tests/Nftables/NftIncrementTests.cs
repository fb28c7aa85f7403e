using System.Text.RegularExpressions;
using Etcdish.Network.Nftables;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>Whatever changes come in whatever order, the kernel has in the end what it would have if it were told all at once.</summary>
public sealed partial class NftIncrementTests
{
    private const int Rounds = 40;

    private ProxyNetwork _network = null!;

    [OneTimeSetUp]
    public void Build() => _network = ProxyNetwork.Create();

    [OneTimeTearDown]
    public void Remove() => _network?.Dispose();

    [Test]
    public async Task Increments_add_up([Values(1, 2, 3)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var sync = Make();
        Dictionary<string, ServiceRoute> routes = [];
        for (var round = 0; round < Rounds; round++)
        {
            List<RouteChange> changes = [];
            for (var i = random.Next(4); i >= 0; i--)
            {
                var name = $"s{random.Next(6)}";
                var now = random.Next(4) == 0 ? null : RandomRoute(random, name);
                if (routes.GetValueOrDefault(name) is var before && (before ?? now) is not null)
                {
                    changes.Add(before.To(now));
                    routes.Remove(name);
                    if (now is not null)
                    {
                        routes[name] = now;
                    }
                }
            }

            sync.Take(changes);
            if (random.Next(3) > 0)
            {
                await SyncAsync(sync, random.Next(10) == 0);
            }
        }

        await SyncAsync(sync, all: false);
        await SyncAsync(sync, all: false);
        Assert.That(sync.HasStale, Is.False);
        var grown = Normalize(_network.Run("nft list ruleset"));

        var other = Make();
        other.Take(routes.Values.OrderBy(r => r.Key.Service, StringComparer.Ordinal).Select(route => ((ServiceRoute?)null).To(route)));
        await SyncAsync(other, all: false);
        Assert.That(grown, Is.EqualTo(Normalize(_network.Run("nft list ruleset"))));
    }

    private NftSync Make()
    {
        var sync = new NftSync(new NftProgram(_network.Nft), [NftFamily.V4, NftFamily.V6]);
        sync.Take(new NodeNetwork([System.Net.IPAddress.Parse("192.0.2.1")], ["10.77.0.0/16"], ["10.96.0.0/16"]));
        return sync;
    }

    private static async Task SyncAsync(NftSync sync, bool all)
    {
        if (all)
        {
            sync.Distrust();
        }

        await sync.SyncAsync(CancellationToken.None);
    }

    private static ServiceRoute RandomRoute(Random random, string name)
    {
        var numbers = Enumerable.Range(11, random.Next(12)).Where(_ => random.Next(3) > 0);
        var endpoints = numbers.Select(n => $"{(n % 2 == 0 ? "!" : "")}10.77.1.{n}");
        var route = SampleRoutes.Web(string.Join(' ', endpoints), name) with
        {
            // Some have addresses and ports of others, as users write them.
            ClusterIps = SampleRoutes.List($"10.96.0.{name[1..]}1"),
            NodePort = random.Next(2) * (30000 + random.Next(4)),
            ExternalIps = random.Next(2) == 0 ? Addresses.None : SampleRoutes.List($"203.0.113.{random.Next(3)}"),
            LoadBalancerIps = random.Next(2) == 0 ? Addresses.None : SampleRoutes.List($"203.0.113.{random.Next(3)}"),
            SourceRanges = random.Next(2) == 0 ? Texts.None : new Texts("192.0.2.0/24"),
            Affinity = random.Next(2) == 0 ? null : TimeSpan.FromMinutes(1 + random.Next(2)),
        };
        return random.Next(3) == 0 ? route.Local() : route;
    }

    // The kernel lists chains and elements in the order in which they came.
    private static string Normalize(string listing) => string.Join(
        '\n',
        Elements().Replace(listing, found => Sort(found.Value)).Split("\n\t}\n").Order(StringComparer.Ordinal));

    private static string Sort(string elements) => string.Join(
        ' ', elements.Split(',').Select(e => Spaces().Replace(e, " ").Trim(' ', '{', '}')).Order(StringComparer.Ordinal));

    [GeneratedRegex(@"(?<=elements = )\{[^}]*\}")]
    private static partial Regex Elements();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
