using Etcdish.Controllers.Jobs;

namespace Etcdish.Controllers.Tests.Jobs;

public sealed class IndexSetTests
{
    [TestCase("", 10, "")]
    [TestCase("0", 10, "0")]
    [TestCase("0,1", 10, "0,1")]
    [TestCase("0-1", 10, "0,1")]
    [TestCase("0,1,2", 10, "0-2")]
    [TestCase("1,3-5,7", 10, "1,3-5,7")]
    [TestCase("3-5,1", 10, "1,3-5")]
    [TestCase("1,3-15", 10, "1,3-9")]
    [TestCase("1,12", 10, "1")]
    [TestCase("1,x,3-y,5-2,4", 10, "1,4")]
    public void What_a_status_says_is_read_and_written(string text, int end, string expected) =>
        Assert.That(IndexSet.Parse(text, end).ToString(), Is.EqualTo(expected));

    [Test]
    public void It_is_the_set_of_its_indexes([Range(1, 50)] int seed)
    {
        var random = new Random(seed);
        var (one, other) = (Indexes(random), Indexes(random));
        var (a, b) = (IndexSet.Of(one), IndexSet.Of(other));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(a, Has.Count.EqualTo(one.Count));
            Assert.That(Enumerable.Range(0, 40).Where(a.Contains), Is.EqualTo(one));
            Assert.That(a.With(b).ToString(), Is.EqualTo(IndexSet.Of(one.Union(other)).ToString()));
            Assert.That(a.CountShared(b), Is.EqualTo(one.Intersect(other).Count()));
            Assert.That(a.FirstMissing(5, 35), Is.EqualTo(Enumerable.Range(0, 35).Except(one).Take(5)));
            Assert.That(IndexSet.Parse(a.ToString(), 40).ToString(), Is.EqualTo(a.ToString()));
        }
    }

    private static SortedSet<int> Indexes(Random random) =>
        [.. Enumerable.Range(0, random.Next(30)).Select(_ => random.Next(40))];
}
