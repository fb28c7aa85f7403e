using Etcdish.Cluster;
using Etcdish.Consensus;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// Who changes the group: adds members (and starts their machines once somebody has heard of them), promotes, removes, moves the leadership.
/// Asks any member for it, sensible or not: the group refuses what could harm it, unless it is told not to be strict.
/// </summary>
internal sealed class Operator(World world)
{
    private readonly SeededRandom _random = SeededRandom.For(world.Seed, "operator");
    private readonly OperatorPlan _plan = world.Plan.Operator;

    /// <summary>One change of the membership.</summary>
    public void Change()
    {
        if (Somebody() is not { } asked)
        {
            return;
        }

        Configuration group = world.Ledger.Group;
        MemberOperation operation = _random.Next(10) switch
        {
            < 4 => MemberOperation.AddLearner,
            < 5 => MemberOperation.Add,
            < 7 => MemberOperation.Promote,
            < 8 => MemberOperation.Update,
            _ => MemberOperation.Remove,
        };
        ulong member = operation switch
        {
            MemberOperation.Promote => Pick(group.Learners),
            MemberOperation.Update => Pick(group.Members()),
            MemberOperation.Remove when SparesVoters(group) => Pick(group.Learners),
            MemberOperation.Remove => Pick(group.Members()),
            _ => NewMember(),
        };
        if (member != 0)
        {
            Ask(asked, operation, member);
        }
    }

    /// <summary>Moves the leadership to some member that has a vote.</summary>
    public void MoveLeader()
    {
        if (world.Machines.Find(machine => machine.Process is { Leads: true })?.Process is { } leader)
        {
            leader.HandOver(Pick(world.Ledger.Group.Voters));
        }
    }

    // A group that loses a voter on top of those that are damaged may lose its quorum, and nothing more could be asked of it.
    private bool SparesVoters(Configuration group) =>
        group.Voters.Length <= 2 || world.Machines.Exists(machine => machine.HasRot);

    private ulong Pick(IReadOnlyList<ulong> members) => members.Count == 0 ? 0 : _random.Pick(members);

    private NodeProcess? Somebody()
    {
        List<Machine> up = world.Machines.FindAll(machine => machine.Process is not null);
        return up.Count == 0 ? null : _random.Pick(up).Process;
    }

    private ulong NewMember() => world.Machines.Count < _plan.MostMachines ? world.Announce().MemberId : 0;

    private void Ask(NodeProcess process, MemberOperation operation, ulong member)
    {
        bool isStrict = _random.Chance(_plan.StrictShare);
        world.Note(TraceKind.ChangeAsked, process.Machine.Number, (long)member, (int)operation);
        MemberRequest request = new(operation, isStrict, member, [$"http://n{member}:{(operation == MemberOperation.Update ? 2381 : 2380)}"]);
        process.Post(world.Queue.Now + world.Network.ClientDelay(), () => _ = AskAsync(process, request));
    }

    private async Task AskAsync(NodeProcess process, MemberRequest request)
    {
        try
        {
            await process.Enqueue(EntryKinds.MemberRequest, request.Encode()).ConfigureAwait(false);
            world.Marks.Add(request.Operation switch
            {
                MemberOperation.Promote => Mark.LearnerPromoted,
                MemberOperation.Remove => Mark.RemovalAnswered,
                MemberOperation.Update => Mark.MemberUpdated,
                _ => Mark.MemberAdded,
            });
        }
        catch (EtcdException refusal)
        {
            world.Note(TraceKind.ChangeRefused, process.Machine.Number, (long)request.Member, 0, refusal.Message);
            world.Marks.Add(Mark.ChangeRefused);
        }
    }
}
