namespace Etcdish.Simulation;

/// <summary>Makes things fail, at the rates of the plan, until it is told to stop.</summary>
internal sealed class Faults(World world)
{
    private readonly SeededRandom _random = SeededRandom.For(world.Seed, "faults");
    private readonly Operator _operator = new(world);
    private bool _isOver;

    public void Begin()
    {
        Repeat(world.Plan.Network.CutEvery, world.Network.Cut);
        Repeat(world.Plan.Operator.ChangeEvery, _operator.Change);
        Repeat(world.Plan.Operator.ChangeEvery == 0 ? 0 : 50 * Span.Millisecond, StartAnnounced);
        Repeat(world.Plan.Operator.MoveLeaderEvery, _operator.MoveLeader);
        foreach (Machine machine in world.Machines)
        {
            Trouble(machine);
        }
    }

    private void Trouble(Machine machine)
    {
        MachinePlan machines = world.Plan.Machines;
        DiskPlan disk = world.Plan.Disk;
        Repeat(machines.PowerLossEvery, () => Crash(machine));
        Repeat(machines.StopEvery, machine.Stop);
        Repeat(machines.ForgetEvery, () => Forget(machine));
        Repeat(machines.KillEvery, machine.Kill);
        Repeat(machines.PauseEvery, () => machine.Pause(_random.Exponential(machines.PauseTime)));
        Repeat(disk.StallEvery, () => machine.StallDisk(_random.Exponential(disk.StallTime)));
        Repeat(disk.SyncFailureEvery, machine.ArmSyncFailure);
        Repeat(disk.FullEvery, () => Fill(machine));
        Repeat(disk.RotEvery, () => Rot(machine));
    }

    /// <summary>Machines of members that were announced begin to run; in peace, too.</summary>
    public void StartAnnounced()
    {
        foreach (Machine machine in world.Machines.Where(machine => machine.IsAnnouncedOnly && world.KnownMembers(machine.MemberId) is not null))
        {
            machine.Install();
            if (!_isOver)
            {
                Trouble(machine);
            }
        }
    }

    public void End()
    {
        _isOver = true;
        world.Network.Heal();
        foreach (Machine machine in world.Machines)
        {
            machine.Heal();
        }
    }

    /// <summary>Machines whose announcement was lost are switched off: no group will ever have heard of them.</summary>
    public void StopStrangers()
    {
        foreach (Machine machine in world.Machines.Where(machine => machine.Process is not null))
        {
            ulong member = machine.MemberId;
            if (!world.Ledger.Group.IsMember(member) && !world.Ledger.Group.IsRemoved(member) && world.KnownMembers(member) is null)
            {
                machine.SwitchOff();
            }
        }
    }

    private void Repeat(long every, Action fault)
    {
        if (every == 0)
        {
            return;
        }

        world.Queue.After(_random.Exponential(every), () =>
        {
            if (!_isOver)
            {
                fault();
                Repeat(every, fault);
            }
        });
    }

    private void Crash(Machine machine)
    {
        if (machine.Process is null)
        {
            return;
        }

        if (_random.Chance(world.Plan.Machines.AtOperationShare))
        {
            machine.ArmCrash();
        }
        else
        {
            machine.Disk.PowerOff();
            machine.LosePower(insideRound: false);
        }
    }

    // As on a disk that is short of space: who lags then needs the state.
    private void Forget(Machine machine)
    {
        if (machine.Process is { } process)
        {
            process.Post(world.Queue.Now, () => process.Replica.OldestNeededSegment(spaceIsShort: true));
        }
    }

    private void Fill(Machine machine)
    {
        machine.FillDisk();
        world.Queue.After(_random.Exponential(500 * Span.Millisecond), machine.FreeDisk);
    }

    // Never on so many machines that what is left could not decide; a single one may go.
    private void Rot(Machine machine)
    {
        int damaged = world.Machines.Count(other => other.HasRot && other != machine);
        if (world.Plan.Operator.ChangeEvery == 0 && (world.Plan.Members == 1 || (damaged + 1) * 2 < world.Plan.Members))
        {
            machine.Rot();
        }
    }
}
