using Etcdish.Kubernetes.Control;
using Etcdish.Testing;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>Events that repeat, resemble each other, or come too fast.</summary>
public sealed class EventCorrelatorTests
{
    private ManualClock _clock = null!;
    private EventCorrelator _correlator = null!;

    [SetUp]
    public void SetUp() => _correlator = new EventCorrelator(_clock = new ManualClock());

    [Test]
    public void The_same_again_is_counted()
    {
        var first = Take("a")!;
        _clock.Advance(TimeSpan.FromMinutes(1));
        var second = Take("a")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.Entry, Is.SameAs(first.Entry));
            Assert.That(second.Entry.Count, Is.EqualTo(2));
            Assert.That(second.Entry.First, Is.EqualTo(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        }
    }

    [Test]
    public void Another_message_object_or_reason_is_another_event()
    {
        Assert.That(
            new[] { Take("a"), Take("b"), Take("a", reason: "Other"), Take("a", name: "other") }.Select(write => write!.Entry.Count),
            Is.All.EqualTo(1));
    }

    [Test]
    public void The_tenth_of_those_that_differ_in_their_messages_stands_for_all_further_ones()
    {
        var writes = Enumerable.Range(0, 12).Select(number => Take($"message {number}")!).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(writes[8].Message, Is.EqualTo("message 8"));
            Assert.That(writes[9].Message, Is.EqualTo("(combined from similar events): message 9"));
            Assert.That(writes[11].Message, Is.EqualTo("(combined from similar events): message 11"));
            Assert.That(writes[11].Entry, Is.SameAs(writes[9].Entry));
            Assert.That(writes[11].Entry.Count, Is.EqualTo(3));
        }
    }

    [Test]
    public void After_ten_quiet_minutes_they_are_told_apart_again()
    {
        for (var i = 0; i < 11; i++)
        {
            Take($"message {i}");
        }

        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.That(Take("another")!.Message, Is.EqualTo("another"));
    }

    [Test]
    public void Of_one_object_25_are_told_at_a_time_and_then_one_in_five_minutes()
    {
        var told = Enumerable.Range(0, 40).Count(_ => Take("a") is not null);
        Assert.That(told, Is.EqualTo(25));
        Assert.That(Take("a", name: "other"), Is.Not.Null);
        _clock.Advance(TimeSpan.FromMinutes(5));
        var later = Take("a");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(later!.Entry.Count, Is.EqualTo(41));
            Assert.That(Take("a"), Is.Null);
        }
    }

    private EventWrite? Take(string message, string reason = "Reason", string name = "pod") =>
        _correlator.Take(new EventNews(new EventSubject("test", "v1", "Pod", "default", name, name + "-uid"), "Normal", reason, message));
}
