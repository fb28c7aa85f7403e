using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Watching;

namespace Etcdish.ApiServer.Tests;

public class WatchHubTests
{
    [Test]
    public async Task It_ends_in_the_midst_of_a_pause()
    {
        await using var home = await TestStore.OpenAsync(StoreKind.InProcess);
        var written = await home.Store.CreateAsync("/t/a", "1"u8.ToArray(), default);
        var hub = new WatchHub(new ResourceStorage("/t/"), home.Store, new WatchSettings(), leastPause: TimeSpan.FromHours(1));
        await using var events = hub.ReadAsync(written.Revision, wantsBookmarks: false, default).GetAsyncEnumerator();
        var first = events.MoveNextAsync().AsTask();
        await home.Store.CreateAsync("/t/b", "2"u8.ToArray(), default);
        Assert.That(await first, Is.True);

        await hub.DisposeAsync();

        Assert.That(await events.MoveNextAsync(), Is.False);
    }
}
