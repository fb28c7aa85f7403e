namespace Etcdish.Cluster.Tests.Group;

public class IndexRingTests
{
    private static IndexRing<string> Filled(ulong first, int count)
    {
        IndexRing<string> ring = new(first);
        for (int i = 0; i < count; i++)
        {
            ring.Add($"{first + (ulong)i}");
        }

        return ring;
    }

    private static IEnumerable<string> ContentOf(IndexRing<string> ring)
    {
        for (ulong index = ring.First; index < ring.Next; index++)
        {
            yield return ring[index];
        }
    }

    [Test]
    public void It_grows_with_its_window_across_the_end_of_its_slots()
    {
        IndexRing<string> ring = Filled(first: 50, count: 60);
        ring.RemoveBefore(100);
        for (ulong index = 110; index < 400; index++)
        {
            ring.Add($"{index}");
        }

        Assert.That(ring.First, Is.EqualTo(100));
        Assert.That(ring.Next, Is.EqualTo(400));
        Assert.That(ring.Count, Is.EqualTo(300));
        Assert.That(ContentOf(ring), Is.EqualTo(Enumerable.Range(100, 300).Select(index => $"{index}")));
    }

    [Test]
    public void What_is_cut_at_the_end_is_added_anew()
    {
        IndexRing<string> ring = Filled(first: 1, count: 10);
        ring.RemoveFrom(8);
        ring.Add("other");
        Assert.That(ring[8], Is.EqualTo("other"));
        Assert.That(ring.Contains(9), Is.False);
        ring.RemoveFrom(0);
        Assert.That(ring.Count, Is.Zero);
        Assert.That(ring.Next, Is.EqualTo(1), "an empty window stays where it was");
    }

    [Test]
    public void An_empty_window_moves_when_all_before_an_index_beyond_it_goes()
    {
        IndexRing<string> ring = Filled(first: 1, count: 3);
        ring.RemoveBefore(1000);
        Assert.That((ring.First, ring.Next), Is.EqualTo((1000UL, 1000UL)));
        ring.Add("next");
        Assert.That(ring[1000], Is.EqualTo("next"));
        ring.RemoveBefore(5);
        Assert.That(ring.First, Is.EqualTo(1000), "it never moves back");
    }

    [TestCase(4UL)]
    [TestCase(15UL)]
    [TestCase(ulong.MaxValue)]
    public void An_index_outside_is_no_slot_of_another(ulong index)
    {
        IndexRing<string> ring = Filled(first: 5, count: 10);
        Assert.That(() => ring[index], Throws.InvalidOperationException.With.Message.Contains($"entry {index}"));
    }

    [Test]
    public void It_agrees_with_a_dictionary([Range(1, 5)] int seed)
    {
        Random random = new(seed);
        ulong first = (ulong)random.Next(1000);
        IndexRing<string> ring = new(first);
        SortedDictionary<ulong, string> model = [];
        ulong next = first;
        for (int step = 0; step < 2000; step++)
        {
            ulong index = first + (ulong)random.Next((int)(next - first) + 3);
            switch (random.Next(20))
            {
                case 0:
                    ring.RemoveBefore(index);
                    first = Math.Max(first, index);
                    next = Math.Max(next, first);
                    break;
                case 1:
                    ring.RemoveFrom(index);
                    next = Math.Max(first, Math.Min(next, index));
                    break;
                default:
                    ring.Add($"{step}");
                    model[next++] = $"{step}";
                    break;
            }

            foreach (ulong gone in model.Keys.Where(key => key < first || key >= next).ToList())
            {
                model.Remove(gone);
            }

            Assert.That((ring.First, ring.Next), Is.EqualTo((first, next)), $"seed {seed}, step {step}");
        }

        Assert.That(ContentOf(ring), Is.EqualTo(model.Values), $"seed {seed}");
    }
}
