namespace Etcdish.ApiServer.Tests;

/// <summary>
/// The stores on which most tests have their servers, one of each kind: opening one takes ten times as long as starting a server. Each
/// cluster has a prefix of its own there, so only the store's revision tells it of the others. Who compacts needs a store of his own.
/// </summary>
[SetUpFixture]
public class SharedStores
{
    private static readonly Lazy<Task<TestStore>> _inProcess = new(() => TestStore.OpenAsync(StoreKind.InProcess));
    private static readonly Lazy<Task<TestStore>> _etcd = new(() => TestStore.OpenAsync(StoreKind.GenuineEtcd));
    private static int _clusters;

    internal static Task<TestStore> GetAsync(StoreKind kind) => kind == StoreKind.InProcess ? _inProcess.Value : _etcd.Value;

    /// <summary>A prefix that no other cluster has.</summary>
    internal static string NewPrefix() => $"/cluster-{Interlocked.Increment(ref _clusters)}/";

    [OneTimeTearDown]
    public static async Task Close()
    {
        foreach (var store in new[] { _inProcess, _etcd })
        {
            // An etcd that is not there has told so to every test that asked for it.
            if (store is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                await (await store.Value).DisposeAsync();
            }
        }
    }
}
