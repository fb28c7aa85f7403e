using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>Pods that run until so many have succeeded (batch/v1 Job).</summary>
public sealed class Job : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public JobSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public JobStatus Status { get => field ??= new(); set; }

    /// <summary>The condition by which it has ended: Complete or Failed; null while it goes on.</summary>
    [JsonIgnore]
    public Condition? Ending => Array.Find(Status.Conditions, c => c is { Type: "Complete" or "Failed", IsTrue: true });
}

/// <summary>What is wanted of a job.</summary>
public sealed class JobSpec
{
    /// <summary>How many pods may run at once.</summary>
    public int Parallelism { get; set; } = 1;

    /// <summary>How many pods must succeed; null: any one, and then all that run.</summary>
    public int? Completions { get; set; }

    /// <summary>NonIndexed or Indexed.</summary>
    public string CompletionMode { get; set; } = "NonIndexed";

    /// <summary>How many pods may fail.</summary>
    public int BackoffLimit { get; set; } = 6;

    /// <summary>How many pods of an index may fail; null: indexes are not counted apart.</summary>
    public int? BackoffLimitPerIndex { get; set; }

    /// <summary>How many indexes may fail.</summary>
    public int? MaxFailedIndexes { get; set; }

    /// <summary>Seconds it may run.</summary>
    public long? ActiveDeadlineSeconds { get; set; }

    /// <summary>Seconds it stays when it has ended; null: until somebody deletes it.</summary>
    public int? TtlSecondsAfterFinished { get; set; }

    /// <summary>Whether it runs no pods for now.</summary>
    public bool Suspend { get; set; }

    /// <summary>TerminatingOrFailed, or Failed: a pod is replaced only when it has ended.</summary>
    public string PodReplacementPolicy { get; set; } = "";

    /// <summary>Who runs it, if not the cluster's own controller.</summary>
    public string ManagedBy { get; set; } = "";

    /// <summary>What failures of pods mean.</summary>
    public PodFailurePolicy? PodFailurePolicy { get; set; }

    /// <summary>When enough has succeeded.</summary>
    public SuccessPolicy? SuccessPolicy { get; set; }

    /// <summary>Which pods are its own.</summary>
    public LabelSelector Selector { get; set; } = LabelSelector.Nothing;

    /// <summary>What it makes pods of.</summary>
    public PodTemplate Template { get => field ??= new([]); set; }

    /// <summary>Whether its pods are numbered.</summary>
    [JsonIgnore]
    public bool IsIndexed => CompletionMode == "Indexed";

    /// <summary>Whether a pod that is ending still has its place.</summary>
    [JsonIgnore]
    public bool ReplacesOnlyFailed => PodReplacementPolicy == "Failed" || PodFailurePolicy is not null;
}

/// <summary>What failures of a job's pods mean.</summary>
public sealed class PodFailurePolicy
{
    /// <summary>Rules; the first that matches counts.</summary>
    public PodFailureRule[] Rules { get => field ?? []; set; }
}

/// <summary>What failures of one sort mean.</summary>
public sealed class PodFailureRule
{
    /// <summary>Ignore, Count, FailIndex or FailJob.</summary>
    public string Action { get; set; } = "";

    /// <summary>With which codes containers ended.</summary>
    public PodFailureExitCodes? OnExitCodes { get; set; }

    /// <summary>Which conditions the pod has; one is enough.</summary>
    public Condition[]? OnPodConditions { get; set; }
}

/// <summary>Exit codes of containers.</summary>
public sealed class PodFailureExitCodes
{
    /// <summary>The container; null: any.</summary>
    public string? ContainerName { get; set; }

    /// <summary>In or NotIn.</summary>
    public string Operator { get; set; } = "";

    /// <summary>The codes.</summary>
    public int[] Values { get => field ?? []; set; }
}

/// <summary>When enough of a job has succeeded.</summary>
public sealed class SuccessPolicy
{
    /// <summary>Rules; the first that is met counts.</summary>
    public SuccessRule[] Rules { get => field ?? []; set; }
}

/// <summary>A way to have succeeded.</summary>
public sealed class SuccessRule
{
    /// <summary>The indexes that count, as in a status; null: all.</summary>
    public string? SucceededIndexes { get; set; }

    /// <summary>How many of them are enough; null: all.</summary>
    public int? SucceededCount { get; set; }
}

/// <summary>What is there of a job.</summary>
public sealed class JobStatus
{
    /// <summary>When it began, or was resumed last.</summary>
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>When it was complete.</summary>
    public DateTimeOffset? CompletionTime { get; set; }

    /// <summary>Pods that run or wait.</summary>
    public int Active { get; set; }

    /// <summary>Pods that are ready; null: never counted.</summary>
    public int? Ready { get; set; }

    /// <summary>Pods that are ending; null: never counted.</summary>
    public int? Terminating { get; set; }

    /// <summary>Pods that have succeeded.</summary>
    public int Succeeded { get; set; }

    /// <summary>Pods that have failed.</summary>
    public int Failed { get; set; }

    /// <summary>Indexes that have succeeded, such as <c>0,2-5</c>.</summary>
    public string CompletedIndexes { get; set; } = "";

    /// <summary>Indexes that have failed.</summary>
    public string? FailedIndexes { get; set; }

    /// <summary>Pods that have ended, and are not in the numbers yet.</summary>
    public UncountedPods? UncountedTerminatedPods { get; set; }

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }
}

/// <summary>Pods that have ended, and are not in a job's numbers yet; by uid.</summary>
public sealed class UncountedPods
{
    /// <summary>Those that succeeded.</summary>
    public string[] Succeeded { get => field ?? []; set; }

    /// <summary>Those that failed.</summary>
    public string[] Failed { get => field ?? []; set; }
}
