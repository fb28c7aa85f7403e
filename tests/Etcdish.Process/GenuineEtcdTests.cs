using Etcdish.Checkers;
using Etcdish.Process.Recording;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>The recorder and the checkers find nothing wrong with genuine etcd: the proof that they judge rightly.</summary>
public class GenuineEtcdTests
{
    [Test]
    public async Task Undisturbed_traffic([Values] bool compact)
    {
        using var etcd = new GenuineEtcd();
        etcd.Start();
        await using var recorder = new Recorder(etcd.ClientUrl, new TrafficOptions { Compact = compact });
        await recorder.StartAsync();
        await recorder.WaitForAcknowledgedAsync(3_000);
        History history = await recorder.FinishAsync();
        Verdict.MustBeGood(history, etcd);
    }

    [Test]
    public async Task Killed_and_restarted()
    {
        using var etcd = new GenuineEtcd();
        etcd.Start();
        await using var recorder = new Recorder(etcd.ClientUrl, new TrafficOptions());
        await recorder.StartAsync();
        for (int round = 0; round < 3; round++)
        {
            await recorder.WaitForAcknowledgedAsync(500);
            etcd.Restart();
            recorder.Gate.Open();
        }

        await recorder.WaitForAcknowledgedAsync(500);
        History history = await recorder.FinishAsync();
        Verdict.MustBeGood(history, etcd);
    }
}
