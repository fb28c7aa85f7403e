using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Etcdish.Kubernetes.Objects;

/// <summary>A pod (core/v1 Pod).</summary>
public sealed class Pod : KubernetesObject
{
    /// <summary>What is wanted.</summary>
    public PodSpec Spec { get => field ??= new(); set; }

    /// <summary>What is there.</summary>
    public PodStatus Status { get => field ??= new(); set; }

    /// <summary>Whether it has ended, well or not.</summary>
    [JsonIgnore]
    public bool IsFinished => Status.Phase is "Succeeded" or "Failed";

    /// <summary>Whether it counts as one of its controller's: it has not ended and nobody has deleted it.</summary>
    [JsonIgnore]
    public bool IsActive => !IsFinished && !Metadata.IsBeingDeleted;

    /// <summary>Whether it takes requests.</summary>
    [JsonIgnore]
    public bool IsReady => Status.Find("Ready") is { IsTrue: true };

    /// <summary>Whether it has been ready for so long.</summary>
    /// <param name="seconds">For how long; 0: it is enough to be ready.</param>
    /// <param name="now">The time.</param>
    public bool IsAvailable(int seconds, DateTimeOffset now) =>
        Status.Find("Ready") is { IsTrue: true } ready
        && (seconds == 0 || (ready.LastTransitionTime is { } since && since + TimeSpan.FromSeconds(seconds) <= now));
}

/// <summary>What is wanted of a pod.</summary>
public sealed partial class PodSpec
{
    /// <summary>The node it is on; empty until it is scheduled.</summary>
    public string NodeName { get; set; } = "";

    /// <summary>Who schedules it.</summary>
    public string SchedulerName { get; set; } = "";

    /// <summary>Labels that its node must have.</summary>
    public Dictionary<string, string>? NodeSelector { get; set; }

    /// <summary>The containers.</summary>
    public Container[] Containers { get => field ?? []; set; }

    /// <summary>The containers that run before, and sidecars.</summary>
    public Container[] InitContainers { get => field ?? []; set; }

    /// <summary>Taints it may live with.</summary>
    public Toleration[] Tolerations { get => field ?? []; set; }

    /// <summary>Its volumes.</summary>
    public Volume[] Volumes { get => field ?? []; set; }

    /// <summary>Always, OnFailure or Never.</summary>
    public string RestartPolicy { get; set; } = "";

    /// <summary>Whether it uses the node's network.</summary>
    public bool HostNetwork { get; set; }

    /// <summary>Its name within its subdomain.</summary>
    public string Hostname { get; set; } = "";

    /// <summary>The headless service that gives it a name.</summary>
    public string Subdomain { get; set; } = "";

    /// <summary>Its importance.</summary>
    public int? Priority { get; set; }

    /// <summary>Whom it runs as.</summary>
    public string ServiceAccountName { get; set; } = "";

    /// <summary>Seconds that it has to end.</summary>
    public long? TerminationGracePeriodSeconds { get; set; }

    /// <summary>Further conditions of its readiness.</summary>
    public JsonArray? ReadinessGates { get; set; }
}

/// <summary>A container of a pod.</summary>
public sealed class Container
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Its image.</summary>
    public string Image { get; set; } = "";

    /// <summary>Always: an init container that is a sidecar.</summary>
    public string RestartPolicy { get; set; } = "";

    /// <summary>The ports it names.</summary>
    public ContainerPort[] Ports { get => field ?? []; set; }

    /// <summary>What it needs.</summary>
    public ResourceRequirements Resources { get => field ??= new(); set; }
}

/// <summary>A port of a container.</summary>
public sealed class ContainerPort
{
    /// <summary>Its name, if any.</summary>
    public string Name { get; set; } = "";

    /// <summary>The port, in the container.</summary>
    [JsonPropertyName("containerPort")]
    public int Port { get; set; }

    /// <summary>The port of the node, or 0.</summary>
    public int HostPort { get; set; }

    /// <summary>The node's address that the port is bound to, or empty for all.</summary>
    [JsonPropertyName("hostIP")]
    public string HostIp { get; set; } = "";

    /// <summary>TCP, UDP or SCTP.</summary>
    public string Protocol { get; set; } = "TCP";
}

/// <summary>Requests and limits, by resource.</summary>
public sealed class ResourceRequirements
{
    /// <summary>What it must get.</summary>
    public Dictionary<string, Quantity>? Requests { get; set; }

    /// <summary>What it may have at most.</summary>
    public Dictionary<string, Quantity>? Limits { get; set; }
}

/// <summary>A taint that a pod tolerates.</summary>
public sealed class Toleration
{
    /// <summary>The taint's key; empty with Exists: all taints.</summary>
    public string Key { get; set; } = "";

    /// <summary>Exists or Equal (also if empty).</summary>
    public string Operator { get; set; } = "";

    /// <summary>The taint's value.</summary>
    public string Value { get; set; } = "";

    /// <summary>The taint's effect; empty: all.</summary>
    public string Effect { get; set; } = "";

    /// <summary>How long NoExecute is endured; null: for ever.</summary>
    public long? TolerationSeconds { get; set; }

    /// <summary>Whether this tolerates a taint.</summary>
    public bool Tolerates(Taint taint) =>
        (Effect.Length == 0 || Effect == taint.Effect)
        && (Key.Length == 0 ? Operator == "Exists" : Key == taint.Key)
        && (Operator == "Exists" || Value == taint.Value);
}

/// <summary>A volume of a pod.</summary>
public sealed partial class Volume
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The claim it is of, if any.</summary>
    public ClaimVolume? PersistentVolumeClaim { get; set; }

    /// <summary>The template of the claim that is made for the pod, if any. The claim is named after pod and volume.</summary>
    public JsonObject? Ephemeral { get; set; }
}

/// <summary>A volume that is a claim's.</summary>
public sealed class ClaimVolume
{
    /// <summary>The claim.</summary>
    public string ClaimName { get; set; } = "";

    /// <summary>Whether it is only read.</summary>
    public bool ReadOnly { get; set; }
}

/// <summary>What is there of a pod.</summary>
public sealed class PodStatus
{
    /// <summary>Pending, Running, Succeeded, Failed or Unknown.</summary>
    public string Phase { get; set; } = "";

    /// <summary>Why it is so, in one word.</summary>
    public string Reason { get; set; } = "";

    /// <summary>Why it is so, in a sentence.</summary>
    public string Message { get; set; } = "";

    /// <summary>Its conditions.</summary>
    public Condition[] Conditions { get => field ?? []; set; }

    /// <summary>Its containers.</summary>
    public ContainerStatus[] ContainerStatuses { get => field ?? []; set; }

    /// <summary>Its init containers.</summary>
    public ContainerStatus[] InitContainerStatuses { get => field ?? []; set; }

    /// <summary>Its first address.</summary>
    [JsonPropertyName("podIP")]
    public string PodIp { get; set; } = "";

    /// <summary>Its addresses, one of each family.</summary>
    [JsonPropertyName("podIPs")]
    public PodAddress[] PodIps { get => field ?? []; set; }

    /// <summary>Its node's address.</summary>
    [JsonPropertyName("hostIP")]
    public string HostIp { get; set; } = "";

    /// <summary>The node where room is being made for it.</summary>
    public string NominatedNodeName { get; set; } = "";

    /// <summary>When its node first saw it.</summary>
    public DateTimeOffset? StartTime { get; set; }

    /// <summary>The condition of a type, or null.</summary>
    public Condition? Find(string type) => Condition.Find(Conditions, type);
}

/// <summary>An address of a pod.</summary>
public sealed class PodAddress
{
    /// <summary>The address.</summary>
    public string Ip { get; set; } = "";
}

/// <summary>What is there of a container.</summary>
public sealed class ContainerStatus
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Whether it takes requests.</summary>
    public bool Ready { get; set; }

    /// <summary>How often it has been started again.</summary>
    public int RestartCount { get; set; }

    /// <summary>Waiting, running or terminated: the one that is set.</summary>
    public ContainerState State { get => field ??= new(); set; }
}

/// <summary>The state of a container.</summary>
public sealed class ContainerState
{
    /// <summary>It waits.</summary>
    public ContainerStateDetail? Waiting { get; set; }

    /// <summary>It runs.</summary>
    public ContainerStateDetail? Running { get; set; }

    /// <summary>It has ended.</summary>
    public ContainerStateDetail? Terminated { get; set; }
}

/// <summary>More about a container's state; what does not belong to the state is empty.</summary>
public sealed class ContainerStateDetail
{
    /// <summary>Why.</summary>
    public string Reason { get; set; } = "";

    /// <summary>With which code it ended.</summary>
    public int ExitCode { get; set; }

    /// <summary>When it began to run.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; set; }
}
