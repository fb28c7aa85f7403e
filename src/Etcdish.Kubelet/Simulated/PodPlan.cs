using System.Globalization;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Simulated;

/// <summary>What is to be done about a simulated pod next.</summary>
internal enum PodAction
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Its containers start.</summary>
    Start,

    /// <summary>Its containers cannot start.</summary>
    GetStuck,

    /// <summary>Its containers end by themselves.</summary>
    End,

    /// <summary>Its readiness is written anew.</summary>
    WriteReadiness,

    /// <summary>Its containers are ended, and it is removed.</summary>
    Stop,
}

/// <summary>What is to be done about a simulated pod next, and when: functions of the pod and of what its node knows of it.</summary>
internal static class PodPlan
{
    /// <summary>How long the containers run before they end, as in Go: <c>2s</c>.</summary>
    public const string RunAnnotation = "etcdish.io/simulated-run";

    /// <summary>The code by which they end.</summary>
    public const string ExitCodeAnnotation = "etcdish.io/simulated-exit-code";

    /// <summary>Why the containers cannot start, such as ImagePullBackOff.</summary>
    public const string StuckAnnotation = "etcdish.io/simulated-stuck";

    private static readonly TimeSpan _firstBackOff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _longestBackOff = TimeSpan.FromMinutes(5);

    /// <summary>The next action, and when it is due.</summary>
    public static (PodAction Action, DateTimeOffset Due) Next(Pod pod, PodRecord record, SimulatedNodesOptions options)
    {
        if (record.Stage == PodStage.Gone)
        {
            return (PodAction.None, default);
        }

        if (record.StoppingSince is { } stopping)
        {
            return (PodAction.Stop, stopping + options.PodStopLatency);
        }

        return record.Stage switch
        {
            PodStage.Starting when pod.Metadata.Annotations.ContainsKey(StuckAnnotation) => (PodAction.GetStuck, record.Since),
            PodStage.Starting => (PodAction.Start, record.Since + options.PodStartLatency),
            PodStage.BackingOff => (PodAction.Start, record.Since + BackOff(record.Restarts)),
            PodStage.Running when GatesAreOpen(pod) != record.GatesWereOpen => (PodAction.WriteReadiness, record.Since),
            PodStage.Running when RunTime(pod, options) is { } time => (PodAction.End, record.Since + time),
            _ => (PodAction.None, default),
        };
    }

    /// <summary>What becomes of a pod whose containers have ended.</summary>
    public static PodStage AfterEnd(Pod pod) => pod.Spec.RestartPolicy switch
    {
        "Never" => PodStage.Ended,
        "OnFailure" when ExitCode(pod) == 0 => PodStage.Ended,
        _ => PodStage.BackingOff,
    };

    /// <summary>The code by which its containers end.</summary>
    public static int ExitCode(Pod pod) =>
        pod.Metadata.Annotations.TryGetValue(ExitCodeAnnotation, out var text)
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            ? code
            : 0;

    /// <summary>Whether all that its readiness waits for, beside its containers, is true.</summary>
    public static bool GatesAreOpen(Pod pod)
    {
        foreach (var gate in pod.Spec.ReadinessGates ?? [])
        {
            if (pod.Status.Find(gate?["conditionType"]?.GetValue<string>() ?? "") is not { IsTrue: true })
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The pause before containers that failed so many times start again.</summary>
    public static TimeSpan BackOff(int restarts)
    {
        var pause = _firstBackOff * Math.Pow(2, Math.Clamp(restarts - 1, 0, 10));
        return pause < _longestBackOff ? pause : _longestBackOff;
    }

    /// <summary>How long its containers run; null: until they are ended.</summary>
    private static TimeSpan? RunTime(Pod pod, SimulatedNodesOptions options)
    {
        if (pod.Metadata.Annotations.TryGetValue(RunAnnotation, out var text) && DurationText.TryParse(text, out var nanoseconds))
        {
            return TimeSpan.FromMicroseconds(nanoseconds / 1000);
        }

        return pod.Spec.RestartPolicy is "Never" or "OnFailure" ? options.RunTime : null;
    }
}
