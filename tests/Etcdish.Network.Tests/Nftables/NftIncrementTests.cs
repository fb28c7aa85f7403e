using Etcdish.Network.Nftables;
using Etcdish.Network.Services;

namespace Etcdish.Network.Tests.Nftables;

/// <summary>
/// Whatever changes come in whatever order, by netlink or by nft, the kernel has in the end what it would have if nft had told it all at
/// once.
/// </summary>
public sealed class NftIncrementTests
{
    private const int Rounds = 60;

    private ProxyNetwork _network = null!;

    [OneTimeSetUp]
    public void Build() => _network = ProxyNetwork.Create();

    [OneTimeTearDown]
    public void Remove() => _network?.Dispose();

    [Test]
    public async Task Increments_add_up([Range(1, 6)] int seed)
    {
        TestContext.Out.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var kernel = _network.NftKernel();
        var sync = Make(kernel);
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
        Assert.That(kernel.DirectCount, Is.GreaterThan(0), "no transaction went by netlink");
        var grown = List();

        var other = Make(_network.NftProgram());
        other.Take(routes.Values.OrderBy(r => r.Key.Service, StringComparer.Ordinal).Select(route => ((ServiceRoute?)null).To(route)));
        await SyncAsync(other, all: false);
        Assert.That(grown, Is.EqualTo(List()), $"seed {seed}");
    }

    private string List() =>
        NftListing.Sort(_network.Run("nft -j list table ip kube-proxy")) + NftListing.Sort(_network.Run("nft -j list table ip6 kube-proxy"));

    private static NftSync Make(INftables nft)
    {
        var sync = new NftSync(nft, [NftFamily.V4, NftFamily.V6]);
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
        var endpoints = numbers.Select(n => $"{(n % 2 == 0 ? "!" : "")}{(n % 3 == 0 ? $"fd77:1::{n}" : $"10.77.1.{n}")}");
        var route = SampleRoutes.Web(string.Join(' ', endpoints), name) with
        {
            // Some have addresses and ports of others, as users write them.
            ClusterIps = SampleRoutes.List($"10.96.0.{name[1..]}1 fd00:96::{name[1..]}1"),
            NodePort = random.Next(2) * (30000 + random.Next(4)),
            ExternalIps = random.Next(2) == 0 ? Addresses.None : SampleRoutes.List($"203.0.113.{random.Next(3)}"),
            LoadBalancerIps = random.Next(2) == 0 ? Addresses.None : SampleRoutes.List($"203.0.113.{random.Next(3)}"),
            SourceRanges = random.Next(3) > 0 ? Texts.None : new Texts("192.0.2.0/24"),
            Affinity = random.Next(4) > 0 ? null : TimeSpan.FromMinutes(1 + random.Next(2)),
        };
        return random.Next(5) == 0 ? route.Local() : route;
    }
}
