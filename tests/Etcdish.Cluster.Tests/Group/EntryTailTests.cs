namespace Etcdish.Cluster.Tests.Group;

public class EntryTailTests
{
    [Test]
    public void The_bytes_of_what_is_kept_are_those_of_its_entries([Range(0, 19)] int seed)
    {
        Random random = new(seed);
        EntryTail tail = new(baseIndex: 100, _ => default);
        SortedDictionary<ulong, int> model = [];
        for (int step = 0; step < 300; step++)
        {
            switch (random.Next(6))
            {
                case 0:
                    ulong cut = tail.First + (ulong)random.Next((int)(tail.Last - tail.First) + 2);
                    tail.TruncateFrom(cut);
                    Remove(index => index >= cut);
                    break;
                case 1:
                    ulong before = tail.First + (ulong)random.Next((int)(tail.Last - tail.First) + 2);
                    tail.ApplyThrough(before - 1);
                    tail.ForgetBefore(before);
                    Remove(index => index < before);
                    break;
                case 2 when random.Next(10) == 0:
                    tail.Reset(tail.Last + 7);
                    model.Clear();
                    break;
                default:
                    int length = random.Next(50);
                    tail.Add((byte)Store.EntryKind.Put, term: 3, new byte[length]);
                    model.Add(tail.Last, length);
                    break;
            }

            Assert.That(tail.Bytes, Is.EqualTo(model.Values.Sum()), $"seed {seed}, step {step}");
            Assert.That((tail.First, tail.Last), Is.EqualTo(model.Count == 0 ? (tail.First, tail.First - 1) : (model.Keys.First(), model.Keys.Last())));
        }

        void Remove(Predicate<ulong> which)
        {
            foreach (ulong index in model.Keys.ToList().FindAll(which))
            {
                model.Remove(index);
            }
        }
    }

    [Test]
    public void What_may_stay_within_a_bound_is_the_newest()
    {
        EntryTail tail = new(baseIndex: 0, _ => default);
        for (int i = 0; i < 10; i++)
        {
            tail.Add((byte)Store.EntryKind.Put, term: 1, new byte[10]);
        }

        Assert.That(tail.FirstWithin(100, end: 11), Is.EqualTo(1));
        Assert.That(tail.FirstWithin(99, end: 11), Is.EqualTo(2));
        Assert.That(tail.FirstWithin(35, end: 11), Is.EqualTo(8));
        Assert.That(tail.FirstWithin(35, end: 4), Is.EqualTo(4), "what is not applied stays");
        Assert.That(tail.FirstWithin(0, end: 11), Is.EqualTo(11));
    }
}
