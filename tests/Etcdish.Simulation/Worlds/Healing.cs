using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// The second phase: no more faults, all machines up. Within bounds a write goes through, all members stand at the same entry with the same
/// state, and all watchers are at the head.
/// </summary>
internal sealed class Healing(World world, List<Client> clients, List<WatchClient> watchers, Faults faults)
{
    private const int Probes = 3;

    public void Run()
    {
        faults.End();
        world.Note(TraceKind.Healed, 0);
        long bound = world.Queue.Now + Bound();
        foreach (Machine machine in world.Machines)
        {
            world.Queue.After(Span.Millisecond, machine.Start);
        }

        int before = world.Operations;
        world.WantProbes(Probes + clients.Count);
        clients.ForEach(client => client.Resume());
        long step = Span.Millisecond * 50;
        while (!HasSettled(before) && !IsOver)
        {
            if (world.Queue.Now > bound)
            {
                world.Break("the group did not come right", Describe());
                return;
            }

            world.Queue.RunUntil(world.Queue.Now + step, () => IsOver);
            faults.StartAnnounced();
            faults.StopStrangers();
            foreach (WatchClient watcher in watchers)
            {
                watcher.AskForProgress();
            }
        }

        if (!IsOver)
        {
            CompareStates();
        }
    }

    private bool IsOver => world.Violations.Count > 0 || world.IsHopeless;

    // Ten election timeouts for a leader; a client's patience twice, for one that asked just before; slow watchers drain at their pace; a
    // disk that hangs when the faults end hangs until it is done.
    private long Bound() =>
        world.Machines.Max(machine => machine.Process?.DiskTime ?? 0) + 10 * world.Plan.ElectionTimeout + 2 * world.Plan.Clients.Timeout + 5 * Span.Second
        + world.Plan.Clients.WatcherPause * (world.Plan.Clients.Operations + 50) * 2;

    private IEnumerable<Machine> Members => world.Machines.Where(machine => !machine.IsLost && world.Ledger.Group.IsMember(machine.MemberId));

    private bool HasSettled(int before) =>
        world.Operations >= before + Probes
        && !world.MayAsk
        && clients.TrueForAll(client => !client.IsWaiting)
        && Members.All(machine => machine.Process?.Store.AppliedIndex == world.Ledger.LastIndex)
        && watchers.TrueForAll(watcher => watcher.Seen >= world.Ledger.LastRevision);

    private string Describe() =>
        $"{world.Operations} operations; "
        + string.Join("; ", world.Machines.Select(machine => $"n{machine.Number} {State(machine)}"))
        + $"; ledger at {world.Ledger.LastIndex}, revision {world.Ledger.LastRevision}; "
        + string.Join("; ", watchers.Select(watcher => $"w{watcher.Number} has seen {watcher.Seen}"))
        + "; " + string.Join("; ", clients.Where(client => client.IsWaiting).Select(client => $"c{client.Number} waits"));

    private static string State(Machine machine) => machine.Process is { } process
        ? $"term {process.Replica.Status.Term}, leader {process.Replica.Status.Leader}, applied {process.Store.AppliedIndex}"
        : machine.IsLost ? "is damaged" : machine.IsRemoved ? "is removed" : "is down";

    private void CompareStates()
    {
        world.Note(TraceKind.Settled, 0, (long)world.Ledger.LastIndex, world.Ledger.LastRevision);
        foreach (Machine machine in Members.Where(machine => !machine.HasRot))
        {
            RevisionStore store = machine.Process!.Store;
            if (store.CurrentRevision != world.Ledger.LastRevision)
            {
                world.Break("states differ", $"n{machine.Number} is at revision {store.CurrentRevision}, not {world.Ledger.LastRevision}");
                continue;
            }

            string expected = StateText.Of(world.Ledger.Store, world.Ledger.Values);
            string found = StateText.Of(store, machine.Process.Values);
            if (found != expected)
            {
                world.Break("states differ", $"n{machine.Number} holds {found}, and should hold {expected}");
            }
        }
    }
}
