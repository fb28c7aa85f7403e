using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Workloads;

/// <summary>The conditions of a deployment: whether enough pods are available, and whether its roll-out gets on.</summary>
internal static class RolloutProgress
{
    /// <summary>Whether enough pods are available.</summary>
    public const string Available = "Available";

    /// <summary>Whether the roll-out gets on.</summary>
    public const string Progressing = "Progressing";

    /// <summary>Pods cannot be created or deleted.</summary>
    public const string ReplicaFailure = "ReplicaFailure";

    private const string NewReplicaSetAvailable = "NewReplicaSetAvailable";
    private const string DeadlineExceeded = "ProgressDeadlineExceeded";
    private const string Paused = "DeploymentPaused";

    /// <summary>Whether lack of progress is ever told.</summary>
    public static bool HasDeadline(Deployment deployment) => deployment.Spec.ProgressDeadlineSeconds is not null and not int.MaxValue;

    /// <summary>Tells that a deployment has been paused or resumed. What was paused for long has not failed when it is resumed.</summary>
    public static void TellPause(Deployment deployment, ConditionSet conditions)
    {
        var reason = conditions.Find(Progressing)?.Reason;
        if (!HasDeadline(deployment) || reason == DeadlineExceeded)
        {
            return;
        }

        if (deployment.Spec.Paused && reason != Paused)
        {
            conditions.Set(Progressing, "Unknown", Paused, "Deployment is paused");
        }
        else if (!deployment.Spec.Paused && reason == Paused)
        {
            conditions.Set(Progressing, "Unknown", "DeploymentResumed", "Deployment is resumed");
        }
    }

    /// <summary>Tells whether enough pods are available.</summary>
    public static void TellAvailable(Rollout rollout, RolloutStatus status, ConditionSet conditions)
    {
        if (status.Available >= rollout.Replicas - rollout.Bounds.MaxUnavailable)
        {
            conditions.Set(Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        }
        else
        {
            conditions.Set(Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        }
    }

    /// <summary>Tells whether the roll-out gets on, is done, or has not got on for too long; and what replica sets failed to do.</summary>
    public static void TellProgress(Rollout rollout, RolloutStatus status, ConditionSet conditions, DateTimeOffset now)
    {
        var deployment = rollout.Deployment;
        var who = rollout.Newest is { } newest ? $"ReplicaSet \"{newest.Metadata.Name}\"" : $"Deployment \"{deployment.Metadata.Name}\"";
        var current = conditions.Find(Progressing);
        var wasComplete = status.Replicas == status.Updated && current?.Reason == NewReplicaSetAvailable;
        if (!HasDeadline(deployment))
        {
            conditions.Remove(Progressing);
        }
        else if (wasComplete)
        {
            // Pods that fail later are no roll-out.
        }
        else if (status.IsComplete(deployment))
        {
            conditions.Set(Progressing, "True", NewReplicaSetAvailable, $"{who} has successfully progressed.");
        }
        else if (status.IsProgressFrom(RolloutStatus.Of(deployment.Status)))
        {
            conditions.Renew(Progressing, "True", "ReplicaSetUpdated", $"{who} is progressing.");
        }
        else if (IsTimedOut(deployment, current, now))
        {
            conditions.Set(Progressing, "False", DeadlineExceeded, $"{who} has timed out progressing.");
        }

        TellFailure(rollout, conditions);
    }

    /// <summary>When a roll-out that stands still is to be looked at again; null: it is done, or has failed
    /// already.</summary>
    public static TimeSpan? NextLook(Deployment deployment, RolloutStatus status, ConditionSet conditions, DateTimeOffset now)
    {
        if (!HasDeadline(deployment)
            || deployment.Spec.Paused
            || status.IsComplete(deployment)
            || conditions.Find(Progressing) is not { Reason: not DeadlineExceeded and not NewReplicaSetAvailable, LastUpdateTime: { } since })
        {
            return null;
        }

        // A second later, since the times of conditions are cut to seconds.
        var left = since + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) - now;
        return (left > TimeSpan.Zero ? left : TimeSpan.Zero) + TimeSpan.FromSeconds(1);
    }

    private static bool IsTimedOut(Deployment deployment, Condition? current, DateTimeOffset now) =>
        current is { LastUpdateTime: { } since }
        && current.Reason is not NewReplicaSetAvailable
        && (current.Reason == DeadlineExceeded || since + TimeSpan.FromSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) < now);

    /// <summary>Of several failures the newest replica set's is told.</summary>
    private static void TellFailure(Rollout rollout, ConditionSet conditions)
    {
        var failure = rollout.All.Reverse()
            .Select(set => Array.Find(set.Status.Conditions, condition => condition.Type == ReplicaFailure))
            .FirstOrDefault(condition => condition is not null);
        if (failure is null)
        {
            conditions.Remove(ReplicaFailure);
        }
        else
        {
            conditions.Copy(failure);
        }
    }
}
