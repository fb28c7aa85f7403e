namespace Etcdish.ApiServer.Tests;

/// <summary>Progress of watches in this process; a genuine etcd is asked only from the versions on that answer in order.</summary>
public class NodeStoreWatchTests
{
    [Test]
    public async Task Progress_comes_behind_the_changes_that_it_covers()
    {
        await using var home = await TestStore.OpenAsync(StoreKind.InProcess);
        var written = await home.Store.CreateAsync("/t/a", "1"u8.ToArray(), default);
        var watch = home.Store.Watch("/t/", written.Revision);
        var seen = new List<(int Changes, long Revision)>();
        await foreach (var changes in watch)
        {
            seen.Add((changes.Items.Count, changes.Revision));
            if (changes.Items.Count == 0)
            {
                break;
            }

            await home.Store.CreateAsync("/beside", "2"u8.ToArray(), default);
            await watch.RequestProgressAsync(default);
        }

        Assert.That(seen, Is.EqualTo([(1, written.Revision), (0, written.Revision + 1)]));
    }
}
