namespace Etcdish.Store.Tests;

/// <summary>The order in which a checkpoint's changes enter the history.</summary>
public sealed class RevisionSorterTests
{
    [TestCase(1, 1, 1, TestName = "one change")]
    [TestCase(500, 1, 1, TestName = "one change a revision")]
    [TestCase(50, 10, 1, TestName = "few changes a revision")]
    [TestCase(3, 400, 1, TestName = "more changes in a revision than are placed one by one")]
    [TestCase(200, 3, 1000, TestName = "revisions far apart, as after compaction")]
    public void Changes_come_out_by_main_and_sub_revision(int revisions, int subs, int distance)
    {
        List<KeyRevision> ordered = [];
        for (var main = 0; main < revisions; main++)
        {
            for (var sub = 0; sub < subs; sub++)
            {
                ordered.Add(new KeyRevision { Key = [1], ModRevision = 2 + (main * (long)distance), SubRevision = sub });
            }
        }

        KeyRevision[] shuffled = [.. ordered];
        new Random(17).Shuffle(shuffled);
        var sorter = new RevisionSorter(capacity: 4);
        foreach (var change in shuffled)
        {
            sorter.Add(change);
        }

        var log = new RevisionLog();
        sorter.AppendTo(log);

        Assert.That(
            Enumerable.Range(0, (int)log.End).Select(i => (log[i].ModRevision, log[i].SubRevision)),
            Is.EqualTo(ordered.Select(change => (change.ModRevision, change.SubRevision))));
    }

    [Test]
    public void Nothing_in_nothing_out()
    {
        var log = new RevisionLog();

        new RevisionSorter(0).AppendTo(log);

        Assert.That(log.End, Is.Zero);
    }
}
