using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Probes;

namespace Etcdish.Kubelet.Tests.Probes;

/// <summary>When a probe's word counts. Outcomes: s success, w warning, f failure, u unknown.</summary>
public sealed class ProbeStateTests
{
    [TestCase("Readiness", 1, 3, "f", false, false, false)]
    [TestCase("Readiness", 1, 3, "s", true, true, false)]
    [TestCase("Readiness", 1, 3, "w", true, true, false)]
    [TestCase("Readiness", 2, 3, "s", false, false, false)]
    [TestCase("Readiness", 2, 3, "sfs", false, false, false)]
    [TestCase("Readiness", 2, 3, "ss", true, true, false)]
    [TestCase("Readiness", 1, 3, "sff", true, false, false)]
    [TestCase("Readiness", 1, 3, "sfff", false, true, false)]
    [TestCase("Readiness", 1, 3, "sffsff", true, false, false)]
    [TestCase("Readiness", 1, 3, "suuuu", true, false, false)]
    [TestCase("Readiness", 1, 3, "sffuf", false, true, false)]
    [TestCase("Readiness", 0, 0, "sf", false, true, false)]
    [TestCase("Liveness", 1, 3, "ff", true, false, false)]
    [TestCase("Liveness", 1, 3, "fff", false, true, true)]
    [TestCase("Liveness", 1, 3, "s", true, false, false)]
    [TestCase("Startup", 1, 3, "ff", null, false, false)]
    [TestCase("Startup", 1, 3, "ffs", true, true, true)]
    [TestCase("Startup", 1, 3, "fff", false, true, true)]
    public void Results_follow_thresholds(
        string kind, int successes, int failures, string outcomes, bool? result, bool hasChangedLast, bool isOver)
    {
        var manifest = new ProbeManifest { SuccessThreshold = successes, FailureThreshold = failures };
        bool? first = kind switch { "Readiness" => false, "Liveness" => true, _ => null };
        var state = new ProbeState(Enum.Parse<ProbeKind>(kind), manifest, first);
        var hasChanged = false;
        foreach (var outcome in outcomes)
        {
            hasChanged = state.Take(outcome switch
            {
                's' => ProbeVerdict.Success,
                'w' => ProbeVerdict.Warning,
                'f' => ProbeVerdict.Failure,
                _ => ProbeVerdict.Unknown,
            });
        }

        Assert.That((state.Result, hasChanged, state.IsOver), Is.EqualTo((result, hasChangedLast, isOver)));
    }
}
