namespace Etcdish.ApiServer.Tests;

/// <summary>Tests by HTTP, each with a cluster of its own, on both kinds of stores unless a fixture says otherwise.</summary>
[TestFixture(StoreKind.InProcess)]
[TestFixture(StoreKind.GenuineEtcd)]
public abstract class ClusterTests(StoreKind kind)
{
    /// <summary>The cluster of this test.</summary>
    private protected TestCluster Cluster { get; private set; } = null!;

    /// <summary>Whether the store is of this test alone, so that it may do with it what it wants.</summary>
    private protected virtual bool OwnsStore => false;

    [SetUp]
    public async Task Start() => Cluster = await TestCluster.StartAsync(kind, Change, OwnsStore);

    [TearDown]
    public async Task Stop() => await Cluster.DisposeAsync();

    /// <summary>Changes the options of the server.</summary>
    private protected virtual ApiServerOptions Change(ApiServerOptions options) => options;
}
