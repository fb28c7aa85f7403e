using System.Text;

namespace Etcdish.Store.Tests.Watch;

public sealed class WatcherIndexTests
{
    [Test]
    public void Random_ranges_are_found_as_a_scan_finds_them([Range(1, 20)] int seed)
    {
        Random random = new(seed);
        WatchHub hub = new(new FakeHistory(), new FakeHistory(), new WatchOptions());
        using WatchStream stream = hub.OpenStream(() => { });
        WatcherIndex index = new();
        List<Watcher> model = [];
        for (int step = 0; step < 400; step++)
        {
            if (model.Count == 0 || random.Next(5) > 1)
            {
                string end = random.Next(4) switch { 0 => "", 1 => "\0", _ => Key(random) };
                Watcher added = new(stream, step, WatchClient.Request(Key(random), end));
                index.Add(added);
                model.Add(added);
            }
            else
            {
                int at = random.Next(model.Count);
                index.Remove(model[at]);
                model.RemoveAt(at);
            }

            byte[] key = Encoding.UTF8.GetBytes(Key(random));
            List<List<Watcher>> found = [];
            index.Find(key, found);
            Assert.That(found.SelectMany(b => b).Select(w => w.Id).Order(),
                Is.EqualTo(model.Where(w => w.Covers(key)).Select(w => w.Id).Order()), $"seed {seed}, step {step}");
            Assert.That(index.Count, Is.EqualTo(model.Count));
        }
    }

    private static string Key(Random random) =>
        new([.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (char)('a' + random.Next(3)))]);
}
