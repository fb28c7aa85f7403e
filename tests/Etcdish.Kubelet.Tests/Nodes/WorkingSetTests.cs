using Etcdish.Kubelet.Nodes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Nodes;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class WorkingSetTests
{
    private readonly ManualClock _clock = new();
    private readonly List<int> _released = [];
    private FileMapping[] _mappings = [new(0x1000, 0x1000), new(0x3000, 0x1000)];
    private TimeSpan _used = TimeSpan.FromSeconds(3);

    [Test]
    public void After_work_memory_is_given_back_once_there_is_rest()
    {
        var memory = Make();
        Look(memory, busy: 2);
        Look(memory, busy: 1);
        Assert.That(_released, Is.Empty, "there is no rest yet");
        Look(memory, busy: 0.1);
        Assert.That(_released, Is.Empty, "what was mapped a moment ago may still be changing");
        Look(memory, busy: 0.1);
        Assert.That(_released, Is.EqualTo((int[])[2]));

        for (var looks = 0; looks < 5; looks++)
        {
            Look(memory, busy: 0.1);
        }

        Assert.That(_released, Has.Count.EqualTo(1), "so little work is not worth it");
        Look(memory, busy: 3);
        Look(memory, busy: 0);
        Look(memory, busy: 0);
        Assert.That(_released, Has.Count.EqualTo(2));
    }

    [Test]
    public void What_comes_behind_the_work_is_given_back_once_more()
    {
        var memory = Make();
        Look(memory, busy: 3);
        for (var minutes = 0; minutes < 3; minutes++)
        {
            Look(memory, busy: 0);
            Look(memory, busy: 0);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.That(_released, Has.Count.EqualTo(2));
    }

    [Test]
    public void What_has_changed_between_two_looks_is_left_alone()
    {
        var memory = Make();
        Look(memory, busy: 2);
        Look(memory, busy: 0);
        _mappings = [new(0x1000, 0x2000), new(0x3000, 0x1000)];
        Look(memory, busy: 0);

        Assert.That(_released, Is.EqualTo((int[])[1]));
    }

    [Test]
    public async Task Where_it_cannot_be_done_it_is_told_once()
    {
        var clock = new ManualClock();
        List<string> warnings = [];
        var memory = new WorkingSet(clock, warnings.Add, () => _used, () => throw new IOException("no table"), _ => { });
        var running = memory.RunAsync(CancellationToken.None);
        while (!running.IsCompleted)
        {
            // What is due twice before it is looked at comes once.
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        await running;

        Assert.That(warnings, Is.EqualTo((string[])["memory that is not used stays taken: no table"]));
    }

    private WorkingSet Make() => new(_clock, Assert.Fail, () => _used, () => _mappings, released => _released.Add(released.Count));

    private void Look(WorkingSet memory, double busy)
    {
        _used += TimeSpan.FromSeconds(busy);
        memory.Look();
    }
}
