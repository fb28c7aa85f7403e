using Etcdish.Testing;

namespace Etcdish.Client.Tests;

/// <summary>Tests against one genuine etcd, shared by a fixture; each test keeps to keys of its own.</summary>
public abstract class OnGenuineEtcd
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    protected GenuineEtcd Server { get; private set; } = null!;

    protected EtcdClient Client { get; private set; } = null!;

    /// <summary>Cancels what would otherwise wait for ever.</summary>
    protected CancellationToken Limit { get; private set; }

    [OneTimeSetUp]
    public void StartServer()
    {
        Server = new GenuineEtcd();
        Server.Start();
        Client = new EtcdClient(new EtcdClientOptions { Endpoints = [Server.ClientUrl] });
    }

    [OneTimeTearDown]
    public async Task StopServer()
    {
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        Server?.Dispose();
    }

    [SetUp]
    public void StartLimit() => Limit = new CancellationTokenSource(Patience).Token;

    protected static string Key(string suffix = "") => $"{TestContext.CurrentContext.Test.Name}{suffix}";
}
