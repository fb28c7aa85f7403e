using Etcdish.Kubelet.Simulated;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Tests.Simulated;

/// <summary>What a simulated node does about a pod, and when.</summary>
public sealed class PodPlanTests
{
    private static readonly DateTimeOffset _since = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly SimulatedNodesOptions _options = new()
    {
        PodStartLatency = TimeSpan.FromSeconds(2),
        PodStopLatency = TimeSpan.FromSeconds(3),
        RunTime = TimeSpan.FromSeconds(4),
    };

    [TestCase(nameof(PodStage.Starting), "Always", "", "", nameof(PodAction.Start), 2)]
    [TestCase(nameof(PodStage.Starting), "Always", "etcdish.io/simulated-stuck", "ErrImagePull", nameof(PodAction.GetStuck), 0)]
    [TestCase(nameof(PodStage.Stuck), "Always", "etcdish.io/simulated-stuck", "ErrImagePull", nameof(PodAction.None), -1)]
    [TestCase(nameof(PodStage.Running), "Always", "", "", nameof(PodAction.None), -1)]
    [TestCase(nameof(PodStage.Running), "Always", "etcdish.io/simulated-run", "90s", nameof(PodAction.End), 90)]
    [TestCase(nameof(PodStage.Running), "Never", "", "", nameof(PodAction.End), 4)]
    [TestCase(nameof(PodStage.Running), "OnFailure", "", "", nameof(PodAction.End), 4)]
    [TestCase(nameof(PodStage.Running), "Never", "etcdish.io/simulated-run", "1m", nameof(PodAction.End), 60)]
    [TestCase(nameof(PodStage.Running), "Never", "etcdish.io/simulated-run", "nonsense", nameof(PodAction.End), 4)]
    [TestCase(nameof(PodStage.BackingOff), "Always", "", "", nameof(PodAction.Start), 10)]
    [TestCase(nameof(PodStage.Ended), "Never", "", "", nameof(PodAction.None), -1)]
    [TestCase(nameof(PodStage.Gone), "Never", "", "", nameof(PodAction.None), -1)]
    public void Each_stage_has_its_next_step(string stage, string policy, string annotation, string value, string action, int seconds)
    {
        var next = PodPlan.Next(Pod(policy, annotation, value), Record(stage), _options);
        Assert.That((next.Action.ToString(), seconds < 0 ? -1 : (next.Due - _since).TotalSeconds), Is.EqualTo((action, (double)seconds)));
    }

    [TestCase(nameof(PodStage.Starting))]
    [TestCase(nameof(PodStage.Running))]
    [TestCase(nameof(PodStage.BackingOff))]
    [TestCase(nameof(PodStage.Ended))]
    public void What_is_deleted_goes_in_any_stage(string stage)
    {
        var record = Record(stage);
        record.StoppingSince = _since.AddSeconds(100);
        Assert.That(PodPlan.Next(Pod("Always"), record, _options), Is.EqualTo((PodAction.Stop, _since.AddSeconds(103))));
    }

    [TestCase("Never", "0", nameof(PodStage.Ended))]
    [TestCase("Never", "1", nameof(PodStage.Ended))]
    [TestCase("OnFailure", "0", nameof(PodStage.Ended))]
    [TestCase("OnFailure", "1", nameof(PodStage.BackingOff))]
    [TestCase("Always", "0", nameof(PodStage.BackingOff))]
    [TestCase("Always", "1", nameof(PodStage.BackingOff))]
    public void What_ends_is_started_again_by_its_policy(string policy, string code, string stage) =>
        Assert.That(PodPlan.AfterEnd(Pod(policy, "etcdish.io/simulated-exit-code", code)).ToString(), Is.EqualTo(stage));

    [TestCase(0, 10)]
    [TestCase(1, 10)]
    [TestCase(2, 20)]
    [TestCase(5, 160)]
    [TestCase(6, 300)]
    [TestCase(60, 300)]
    public void Pauses_before_a_new_start_double_up_to_five_minutes(int restarts, int seconds) =>
        Assert.That(PodPlan.BackOff(restarts).TotalSeconds, Is.EqualTo(seconds));

    private static Pod Pod(string policy, string annotation = "", string value = "") => new()
    {
        Metadata = new ObjectMetadata { Annotations = annotation.Length == 0 ? [] : new() { [annotation] = value } },
        Spec = new PodSpec { RestartPolicy = policy, Containers = [new Container { Name = "c" }] },
    };

    private static PodRecord Record(string stage) => new()
    {
        Uid = "u",
        Node = new SimulatedNode(_options, 0),
        StartTime = _since,
        Since = _since,
        Stage = Enum.Parse<PodStage>(stage),
    };
}
