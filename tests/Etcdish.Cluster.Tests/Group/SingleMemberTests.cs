using Etcdish.Store;
using Etcdish.Testing;

namespace Etcdish.Cluster.Tests.Group;

public class SingleMemberTests
{
    [Test]
    public void A_lone_member_leads_and_commits_in_the_round_of_the_write()
    {
        ReplicaGroup group = new(1);
        GroupMember member = group[1];
        member.Run();
        int syncs = member.Disk.Syncs;
        Task<ApplyResult> put = member.Put("a", "1");
        member.Run();
        Assert.That(put.IsCompletedSuccessfully);
        Assert.That(member.Disk.Syncs, Is.EqualTo(syncs + 1), "one sync a batch");
        Assert.That(member.Replica.Status.ReadsAreLocal);
    }

    [Test]
    public void A_power_cut_at_any_operation_loses_nothing_that_was_acknowledged([Range(1, 60)] int crashAt)
    {
        ReplicaGroup group = new(1);
        GroupMember member = group[1];
        member.Disk.CrashAt = member.Disk.Operations + crashAt;
        List<Task<ApplyResult>> puts = [];
        try
        {
            for (int i = 0; i < 40; i++)
            {
                puts.Add(member.Put($"key{i}", new string('x', 100)));
                puts.Add(member.Put($"too{i}", new string('x', 100)));
                member.Run();
            }
        }
        catch (Exception lost) when (lost is SimulatedCrashException || lost.InnerException is SimulatedCrashException)
        {
            TestContext.Out.WriteLine($"the power went out after {puts.Count} writes");
        }

        int acknowledged = puts.Count(put => put.IsCompletedSuccessfully);
        member.Crash(new Random(crashAt));
        member.Start();
        member.Run();
        for (int i = 0; i < acknowledged; i++)
        {
            Assert.That(member.Get(i % 2 == 0 ? $"key{i / 2}" : $"too{i / 2}"), Is.Not.Null, $"write {i} of {acknowledged}");
        }

        Task<ApplyResult> next = member.Put("next", "1");
        member.Run();
        Assert.That(next.IsCompletedSuccessfully);
    }

    [Test]
    public void A_full_disk_refuses_a_batch_whole_and_writes_go_on_when_there_is_space()
    {
        ReplicaGroup group = new(1);
        GroupMember member = group[1];
        member.Run();
        member.Disk.CapacityBytes = member.Disk.Files.Sum(file => (long)member.Disk.ContentOf(file).Length) + 1024;
        List<Task<ApplyResult>> puts = [];
        EtcdError? refusal = null;
        for (int i = 0; refusal is null; i++)
        {
            puts.Add(member.Put($"key{i}", new string('x', 9_000)));
            member.Run();
            refusal = (puts[^1].Exception?.InnerException as EtcdException)?.Error;
        }

        Assert.That(refusal, Is.EqualTo(EtcdError.NoSpace));
        Assert.That(member.Get($"key{puts.Count - 1}"), Is.Null);
        Assert.That(member.Replica.Status.Leader, Is.EqualTo(1), "it goes on leading");

        member.Disk.CapacityBytes = long.MaxValue;
        Task<ApplyResult> put = member.Put("later", "1");
        member.Run();
        Assert.That(put.IsCompletedSuccessfully);
        member.Crash(new Random(1));
        member.Start();
        Assert.That(member.Get("later"), Is.EqualTo("1"));
        Assert.That(member.Get("key0"), Is.Not.Null);
    }
}
