using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>What was written counts as unseen until it is seen, given up, or forgotten.</summary>
public sealed class ExpectationsTests
{
    private static readonly ObjectKey _key = new("ns", "a");
    private ManualClock _clock = null!;
    private Expectations _expectations = null!;

    [SetUp]
    public void SetUp() => _expectations = new Expectations(_clock = new ManualClock());

    [Test]
    public void Nothing_is_expected_of_an_object_that_nothing_was_written_for() => Assert.That(_expectations.AreMet(_key), Is.True);

    [Test]
    public void Creations_are_counted()
    {
        _expectations.ExpectCreations(_key, 2);
        _expectations.CreationSeen(_key);
        Assert.That(_expectations.AreMet(_key), Is.False);
        _expectations.CreationSeen(_key);
        Assert.That(_expectations.AreMet(_key), Is.True);
    }

    [Test]
    public void Deletions_are_of_certain_objects()
    {
        _expectations.ExpectDeletions(_key, ["x", "y"]);
        _expectations.DeletionSeen(_key, "x");
        _expectations.DeletionSeen(_key, "x");
        _expectations.DeletionSeen(_key, "z");
        Assert.That(_expectations.AreMet(_key), Is.False);
        _expectations.DeletionSeen(_key, "y");
        Assert.That(_expectations.AreMet(_key), Is.True);
    }

    [Test]
    public void Both_must_be_met()
    {
        _expectations.ExpectCreations(_key, 1);
        _expectations.ExpectDeletions(_key, ["x"]);
        _expectations.CreationSeen(_key);
        Assert.That(_expectations.AreMet(_key), Is.False);
        _expectations.DeletionSeen(_key, "x");
        Assert.That(_expectations.AreMet(_key), Is.True);
    }

    [Test]
    public void What_is_not_seen_in_five_minutes_is_given_up()
    {
        _expectations.ExpectCreations(_key, 1);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.That(_expectations.AreMet(_key), Is.False);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.That(_expectations.AreMet(_key), Is.True);
    }

    [Test]
    public void What_is_forgotten_is_not_waited_for()
    {
        _expectations.ExpectCreations(_key, 1);
        _expectations.Forget(_key);
        Assert.That(_expectations.AreMet(_key), Is.True);
    }

    [Test]
    public void Objects_do_not_wait_for_each_other()
    {
        _expectations.ExpectCreations(_key, 1);
        Assert.That(_expectations.AreMet(new ObjectKey("ns", "b")), Is.True);
    }
}
