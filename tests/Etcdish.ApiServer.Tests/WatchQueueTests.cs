using Etcdish.ApiServer.Watching;

namespace Etcdish.ApiServer.Tests;

/// <summary>What waits for one watcher.</summary>
public class WatchQueueTests
{
    [TestCase(new long[] { 4, 5 }, new long[] { })]
    [TestCase(new long[] { 4, 5, 6 }, new long[] { 6 })]
    [TestCase(new long[] { 6, 7 }, new long[] { 6, 7 })]
    public void A_watcher_that_is_ahead_of_the_watch_it_joins_gets_nothing_twice(long[] told, long[] seen)
    {
        var queue = new WatchQueue(wantsBookmarks: true, capacity: 10) { After = 5 };
        var isOpen = queue.TryAdd([.. told.Select(ResourceEvent.Bookmark)]);
        queue.TryTake(out var batch);

        Assert.That(isOpen, Is.True);
        Assert.That(batch.Select(item => item.Revision), Is.EqualTo(seen));
    }
}
