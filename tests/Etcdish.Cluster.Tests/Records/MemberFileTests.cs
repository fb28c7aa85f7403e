using Etcdish.Cluster.Tests.Group;
using Etcdish.Consensus;
using Etcdish.Log;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Records;

public class MemberFileTests
{
    private const string Folder = "/data";
    private const string FilePath = "/data/member";

    private static readonly MemberRecord _first = new(0xC1, 3, 7, 2, HasPeers: true);

    [Test]
    public void What_was_written_is_read()
    {
        SimulatedDisk disk = new();
        MemberRecord quarantined = _first with { Term = 9, Damage = new FoundDamage("0000000000000001.seg", 4096, "no sound frame") };
        using (MemberFile file = MemberFile.Create(disk, Folder, _first))
        {
            file.Write(quarantined);
        }

        using MemberFile? read = MemberFile.TryOpen(disk, Folder);
        Assert.That(read?.Current, Is.EqualTo(quarantined));
        Assert.That(read!.IsWorn, Is.False);
    }

    [Test]
    public void Long_texts_are_cut_at_a_character()
    {
        SimulatedDisk disk = new();
        FoundDamage damage = new(new string('ü', 300), 1, new string('€', 300));
        MemberFile.Create(disk, Folder, _first with { Damage = damage }).Dispose();
        FoundDamage? read = MemberFile.TryOpen(disk, Folder)!.Current.Damage;
        Assert.That(read!.File, Is.EqualTo(new string('ü', 60)));
        Assert.That(damage.Reason, Does.StartWith(read.Reason));
        Assert.That(read.Reason, Has.Length.GreaterThan(50));
    }

    [Test]
    public void A_power_cut_at_any_operation_leaves_the_old_record_or_the_new_one([Range(1, 4)] int crashAt, [Range(0, 9)] int seed)
    {
        SimulatedDisk disk = new();
        MemberRecord next = _first with { Term = 8, Vote = 0 };
        using MemberFile file = MemberFile.Create(disk, Folder, _first);
        disk.CrashAt = disk.Operations + crashAt;
        Assert.That(() => file.Write(next), Throws.InstanceOf<SimulatedCrashException>());
        using MemberFile? read = MemberFile.TryOpen(disk.Restart(new Random(seed)), Folder);
        Assert.That(read!.Current, Is.AnyOf(_first, next));
        if (crashAt > 2)
        {
            Assert.That(read.Current, Is.EqualTo(next), "the first copy was durable");
        }
    }

    [Test]
    public void A_copy_that_only_the_cache_has_after_a_failed_sync_is_written_again([Range(0, 9)] int seed)
    {
        SimulatedDisk disk = new();
        MemberRecord next = _first with { Term = 8 };
        using (MemberFile file = MemberFile.Create(disk, Folder, _first))
        {
            disk.FailSyncAt = disk.Syncs + 2;
            Assert.That(() => file.Write(next), Throws.InstanceOf<IOException>());
        }

        using MemberFile? again = MemberFile.TryOpen(disk, Folder);
        Assert.That((again!.Current, again.IsWorn), Is.EqualTo((next, true)));
        again.Write(again.Current);
        disk.CrashAt = disk.Operations + 2;
        Assert.That(() => again.Write(next with { Term = 9 }), Throws.InstanceOf<SimulatedCrashException>());
        Assert.That(MemberFile.TryOpen(disk.Restart(new Random(seed)), Folder)!.Current.Term, Is.AnyOf(8UL, 9UL));
    }

    [Test]
    public void Damage_to_one_copy_costs_nothing_and_to_both_is_refused([Values(0, 100, 4096, 4600)] int offset)
    {
        SimulatedDisk disk = new();
        MemberFile.Create(disk, Folder, _first).Dispose();
        disk.Damage(FilePath, offset, 0xFF);
        using (MemberFile? read = MemberFile.TryOpen(disk, Folder))
        {
            Assert.That(read!.Current, Is.EqualTo(_first));
            Assert.That(read.IsWorn);
            read.Write(read.Current);
        }

        Assert.That(MemberFile.TryOpen(disk, Folder)!.IsWorn, Is.False);
        disk.Damage(FilePath, 0, 0xFF);
        disk.Damage(FilePath, 4096, 0xFF);
        Assert.That(() => MemberFile.TryOpen(disk, Folder), Throws.InstanceOf<LogDamagedException>().With.Message.Contains(FilePath));
    }

    [Test]
    public void The_newer_of_file_and_log_counts_and_two_votes_in_a_term_are_impossible()
    {
        Assert.That(_first.Merge(new HardState(6, 3, 40)), Is.EqualTo(new HardState(7, 2, 40)));
        Assert.That(_first.Merge(new HardState(8, 0, 40)), Is.EqualTo(new HardState(8, 0, 40)));
        Assert.That(_first.Merge(new HardState(7, 0, 40)), Is.EqualTo(new HardState(7, 2, 40)));
        Assert.That(() => _first.Merge(new HardState(7, 3, 40)), Throws.InstanceOf<InvalidDataException>());
    }

    [Test]
    public void A_member_has_its_term_and_vote_in_the_file_and_takes_its_ids_from_there()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        foreach (GroupMember member in group.All)
        {
            MemberRecord record = MemberFile.TryOpen(member.Disk, Folder)!.Current;
            Assert.That(record, Is.EqualTo(new MemberRecord(0xC1, member.Id, group[1].Replica.Status.Term, 1, HasPeers: true)));
        }

        GroupMember second = group[2];
        second.Crash(new Random(1));
        NodeOptions options = group.OptionsOf(9, second.Disk) with { ClusterId = 5, InitialMembers = [] };
        RecoveredState recovered = Recovery.Run(options, CancellationToken.None);
        Assert.That((recovered.Options.MemberId, recovered.Options.ClusterId), Is.EqualTo((2UL, 0xC1UL)));
    }

    [Test]
    public void A_folder_without_the_file_gets_one_from_its_log()
    {
        ReplicaGroup group = ReplicaGroup.OfThree();
        GroupMember second = group[2];
        MemberRecord before = MemberFile.TryOpen(second.Disk, Folder)!.Current;
        second.Crash(new Random(1));
        second.Disk.Delete(FilePath);
        second.Start();
        Assert.That(MemberFile.TryOpen(second.Disk, Folder)?.Current, Is.EqualTo(before));
    }
}
