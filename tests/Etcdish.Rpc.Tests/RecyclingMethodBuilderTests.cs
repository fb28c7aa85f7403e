using System.Runtime.CompilerServices;

namespace Etcdish.Rpc.Tests;

/// <summary>Async methods whose state machines are used again.</summary>
public sealed class RecyclingMethodBuilderTests
{
    [Test]
    public async Task Results_come_through_at_once_and_after_waits()
    {
        Assert.That(await AddAsync(1, Task.FromResult(2)), Is.EqualTo(3));

        var late = new TaskCompletionSource<int>();
        ValueTask<int> sum = AddAsync(1, late.Task);
        Assert.That(sum.IsCompleted, Is.False);
        late.SetResult(4);
        Assert.That(await sum, Is.EqualTo(5));
    }

    [Test]
    public void Exceptions_come_through_at_once_and_after_waits()
    {
        Assert.That(async () => await FailAsync(Task.CompletedTask), Throws.InvalidOperationException.With.Message.EqualTo("failed"));

        var late = new TaskCompletionSource();
        ValueTask failing = FailAsync(late.Task);
        late.SetResult();
        Assert.That(async () => await failing, Throws.InvalidOperationException.With.Message.EqualTo("failed"));
    }

    [Test]
    public async Task Many_that_wait_at_a_time_each_get_their_own_result()
    {
        for (int round = 0; round < 50; round++)
        {
            TaskCompletionSource<int>[] late =
                [.. Enumerable.Range(0, 200).Select(_ => new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously))];
            Task<int>[] sums = [.. late.Select((source, i) => AddAsync(i, source.Task).AsTask())];
            foreach (int i in Enumerable.Range(0, late.Length).OrderBy(i => (i * 7919) % late.Length))
            {
                late[i].SetResult(round);
            }

            Assert.That(await Task.WhenAll(sums), Is.EqualTo(Enumerable.Range(round, late.Length)));
        }
    }

    [Test]
    public void A_hundred_that_wait_allocate_nothing_once_there_are_boxes()
    {
        var waits = new ManualWait[100];
        for (int i = 0; i < waits.Length; i++)
        {
            waits[i] = new ManualWait();
        }

        var tasks = new ValueTask<int>[waits.Length];
        Round(waits, tasks);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round(waits, tasks);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.Zero);
    }

    [Test]
    public async Task A_task_is_good_for_one_await()
    {
        var late = new TaskCompletionSource<int>();
        ValueTask<int> sum = AddAsync(1, late.Task);
        late.SetResult(1);
        ValueTask<int> copy = sum;
        await sum;

        Assert.That(async () => await copy, Throws.InvalidOperationException);
    }

#pragma warning disable CA2012 // What happens to a value task in the wrong hands is what is tested.
    private static void Round(ManualWait[] waits, ValueTask<int>[] tasks)
    {
        for (int i = 0; i < waits.Length; i++)
        {
            tasks[i] = WaitAsync(waits[i], i);
        }

        for (int i = 0; i < waits.Length; i++)
        {
            waits[i].Release();
            if (tasks[i].Result != i)
            {
                throw new InvalidOperationException("Another's result.");
            }
        }
    }

    [Test]
    public async Task The_result_of_one_that_still_waits_cannot_be_taken()
    {
        var late = new TaskCompletionSource<int>();
        ValueTask<int> sum = AddAsync(1, late.Task);

        Assert.That(() => sum.GetAwaiter().GetResult(), Throws.InvalidOperationException);
        late.SetResult(1);
        Assert.That(await sum, Is.EqualTo(2), "the misuse has not taken the box away");
    }

#pragma warning restore CA2012

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    private static async ValueTask<int> AddAsync(int a, Task<int> b) => a + await b.ConfigureAwait(false);

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder))]
    private static async ValueTask FailAsync(Task wait)
    {
        await wait.ConfigureAwait(false);
        throw new InvalidOperationException("failed");
    }

    [AsyncMethodBuilder(typeof(RecyclingMethodBuilder<>))]
    private static async ValueTask<int> WaitAsync(ManualWait wait, int result)
    {
        await wait;
        return result;
    }

    /// <summary>A wait that allocates nothing itself.</summary>
    private sealed class ManualWait : ICriticalNotifyCompletion
    {
        private Action? _continuation;

        public bool IsCompleted => false;

        public ManualWait GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => _continuation = continuation;

        public void UnsafeOnCompleted(Action continuation) => _continuation = continuation;

        public void Release() => _continuation!();
    }
}
