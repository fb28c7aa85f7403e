using System.Globalization;
using System.Text.RegularExpressions;
using Etcdish.Checkers;
using Etcdish.Process.Recording;
using Etcdish.Testing;

namespace Etcdish.Process;

/// <summary>The recorder and the checkers find nothing wrong with genuine etcd: the proof that they judge rightly.</summary>
public partial class GenuineEtcdTests
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
        Verdict.MustBeGood(history, etcd.Name, violation => IsForgottenTombstone(violation, history));
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
        Verdict.MustBeGood(history, etcd.Name);
    }

    // Debian's 3.4.23 drops a tombstone that lies exactly at the compacted revision, so a watch from there misses the delete: etcd issue
    // 19179, mended in later versions. Ours is held to the rule.
    private static bool IsForgottenTombstone(Violation violation, History history)
    {
        Match missed = MissedDelete().Match(violation.Message);
        return violation.Kind == ViolationKind.WatchGap
            && missed.Success
            && history.Operations.Any(op => op.Call is CompactCall compact
                && compact.Revision == long.Parse(missed.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"never delivered delete \S+ at (\d+)$")]
    private static partial Regex MissedDelete();
}
