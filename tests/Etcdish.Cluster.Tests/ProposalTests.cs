using Etcdish.Store;

namespace Etcdish.Cluster.Tests;

public class ProposalTests
{
    private static readonly ApplyResult _answer = new() { Revision = 7 };

    private static Proposal Rent(CancellationToken abandon)
    {
        Proposal proposal = Proposal.Rent(Proposal.ReadBarrier, default, now: 0, completesInline: true);
        proposal.AbandonOn(abandon);
        return proposal;
    }

    private static void Answer(Proposal proposal)
    {
        List<Proposal> completed = [];
        proposal.Succeed(_answer, completed);
        completed.ForEach(static one => one.Complete());
    }

    [Test]
    public void A_cancelled_wait_ends_at_once_and_the_late_answer_reaches_nobody()
    {
        using CancellationTokenSource impatience = new();
        Proposal proposal = Rent(impatience.Token);
        Task<ApplyResult> wait = proposal.Task.AsTask();
        impatience.Cancel();
        Assert.That(async () => await wait, Throws.InstanceOf<OperationCanceledException>());

        using CancellationTokenSource patience = new();
        Proposal next = Rent(patience.Token);
        Assert.That(next, Is.Not.SameAs(proposal), "the loop has it still");
        Task<ApplyResult> nextWait = next.Task.AsTask();
        Answer(proposal);
        Assert.That(nextWait.IsCompleted, Is.False);
        Answer(next);
        Assert.That(nextWait.Result.Revision, Is.EqualTo(7));
    }

    [Test]
    public void A_wait_that_was_cancelled_before_it_began_ends_too()
    {
        Proposal proposal = Rent(new CancellationToken(canceled: true));
        Assert.That(async () => await proposal.Task, Throws.InstanceOf<OperationCanceledException>());
        Answer(proposal);
    }

    [Test]
    public void A_cancellation_after_the_answer_does_not_reach_the_next_user()
    {
        using CancellationTokenSource late = new();
        Proposal proposal = Rent(late.Token);
        Task<ApplyResult> wait = proposal.Task.AsTask();
        Answer(proposal);
        Assert.That(wait.Result.Revision, Is.EqualTo(7));

        Proposal next = Rent(CancellationToken.None);
        Assert.That(next, Is.SameAs(proposal), "it is pooled");
        Task<ApplyResult> nextWait = next.Task.AsTask();
        late.Cancel();
        Assert.That(nextWait.IsCompleted, Is.False);
        Answer(next);
        Assert.That(nextWait.Result.Revision, Is.EqualTo(7));
    }

    [Test]
    public void Answer_and_cancellation_at_once_give_one_of_them([Values(1, 2)] int seed)
    {
        Random random = new(seed);
        int canceled = 0;
        for (int round = 0; round < 500; round++)
        {
            using CancellationTokenSource impatience = new();
            using Barrier start = new(2);
            Proposal proposal = Rent(impatience.Token);
            Task<ApplyResult> wait = proposal.Task.AsTask();
            int delay = random.Next(50);
            Task other = Task.Run(() =>
            {
                start.SignalAndWait();
                Answer(proposal);
            });
            start.SignalAndWait();
            Thread.SpinWait(delay);
            impatience.Cancel();
            other.Wait();
            Assert.That(Task.WaitAny([wait], TimeSpan.FromSeconds(10)), Is.Zero);
            canceled += wait.IsCanceled ? 1 : 0;
            Assert.That(wait.IsCanceled || wait.Result.Revision == 7);
        }

        TestContext.Out.WriteLine($"{canceled} of 500 were cancelled");
    }

    [Test]
    public void Waiting_with_a_token_that_is_used_again_allocates_nothing()
    {
        using CancellationTokenSource patience = new();
        List<Proposal> completed = new(1);
        Wait(patience.Token, 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Wait(patience.Token, 1000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);

        void Wait(CancellationToken abandon, int times)
        {
            for (int i = 0; i < times; i++)
            {
                Proposal proposal = Rent(abandon);
                ValueTask<ApplyResult> answer = proposal.Task;
                proposal.Succeed(default, completed);
                completed[0].Complete();
                completed.Clear();
                _ = answer.GetAwaiter().GetResult();
            }
        }
    }
}
