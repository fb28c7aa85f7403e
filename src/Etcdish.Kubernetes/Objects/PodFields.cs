using System.Text.Json;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Objects;

/// <summary>What is read of a pod. Parts that few pods have are left to the serializer.</summary>
internal static class PodFields
{
    public static FieldTable<PodAddress> Address { get; } = new(
        static () => new PodAddress(),
        new Field<PodAddress>("ip", static (ref reader, address) => address.Ip = FieldValues.Text(ref reader)));

    public static FieldTable<SchedulingGate> Gate { get; } = new(
        static () => new SchedulingGate(),
        new Field<SchedulingGate>("name", static (ref reader, gate) => gate.Name = FieldValues.Text(ref reader)));

    public static FieldTable<ClaimVolume> Claim { get; } = new(
        static () => new ClaimVolume(),
        new("claimName", static (ref reader, claim) => claim.ClaimName = FieldValues.Text(ref reader)),
        new("readOnly", static (ref reader, claim) => claim.ReadOnly = reader.GetBoolean()));

    public static FieldTable<Volume> Volume { get; } = new(
        static () => new Volume(),
        new("name", static (ref reader, volume) => volume.Name = FieldValues.Text(ref reader)),
        new("persistentVolumeClaim", static (ref reader, volume) => volume.PersistentVolumeClaim = Claim.Read(ref reader)),
        new("ephemeral", static (ref reader, volume) => volume.Ephemeral = JsonNode.Parse(ref reader) as JsonObject));

    public static FieldTable<Toleration> Toleration { get; } = new(
        static () => new Toleration(),
        new("key", static (ref reader, toleration) => toleration.Key = FieldValues.Text(ref reader)),
        new("operator", static (ref reader, toleration) => toleration.Operator = FieldValues.Text(ref reader)),
        new("value", static (ref reader, toleration) => toleration.Value = FieldValues.Text(ref reader)),
        new("effect", static (ref reader, toleration) => toleration.Effect = FieldValues.Text(ref reader)),
        new("tolerationSeconds", static (ref reader, toleration) => toleration.TolerationSeconds = reader.GetInt64()));

    public static FieldTable<ResourceRequirements> Resources { get; } = new(
        static () => new ResourceRequirements(),
        new("limits", static (ref reader, resources) => resources.Limits = FieldValues.Quantities(ref reader)),
        new("requests", static (ref reader, resources) => resources.Requests = FieldValues.Quantities(ref reader)));

    public static FieldTable<ContainerPort> Port { get; } = new(
        static () => new ContainerPort(),
        new("name", static (ref reader, port) => port.Name = FieldValues.Text(ref reader)),
        new("hostPort", static (ref reader, port) => port.HostPort = reader.GetInt32()),
        new("containerPort", static (ref reader, port) => port.Port = reader.GetInt32()),
        new("protocol", static (ref reader, port) => port.Protocol = FieldValues.Text(ref reader)),
        new("hostIP", static (ref reader, port) => port.HostIp = FieldValues.Text(ref reader)));

    public static FieldTable<Container> Container { get; } = new(
        static () => new Container(),
        new("name", static (ref reader, container) => container.Name = FieldValues.Text(ref reader)),
        new("image", static (ref reader, container) => container.Image = FieldValues.Text(ref reader)),
        new("ports", static (ref reader, container) => container.Ports = Port.ReadArray(ref reader)),
        new("resources", static (ref reader, container) => container.Resources = Resources.Read(ref reader)),
        new("restartPolicy", static (ref reader, container) => container.RestartPolicy = FieldValues.Text(ref reader)));

    public static FieldTable<ContainerStateDetail> Detail { get; } = new(
        static () => new ContainerStateDetail(),
        new("exitCode", static (ref reader, detail) => detail.ExitCode = reader.GetInt32()),
        new("reason", static (ref reader, detail) => detail.Reason = FieldValues.Text(ref reader)),
        new("startedAt", static (ref reader, detail) => detail.StartedAt = reader.GetDateTimeOffset()),
        new("finishedAt", static (ref reader, detail) => detail.FinishedAt = reader.GetDateTimeOffset()));

    public static FieldTable<ContainerState> State { get; } = new(
        static () => new ContainerState(),
        new("waiting", static (ref reader, state) => state.Waiting = Detail.Read(ref reader)),
        new("running", static (ref reader, state) => state.Running = Detail.Read(ref reader)),
        new("terminated", static (ref reader, state) => state.Terminated = Detail.Read(ref reader)));

    public static FieldTable<ContainerStatus> ContainerStatus { get; } = new(
        static () => new ContainerStatus(),
        new("name", static (ref reader, status) => status.Name = FieldValues.Text(ref reader)),
        new("state", static (ref reader, status) => status.State = State.Read(ref reader)),
        new("ready", static (ref reader, status) => status.Ready = reader.GetBoolean()),
        new("restartCount", static (ref reader, status) => status.RestartCount = reader.GetInt32()));

    public static FieldTable<PodSpec> Spec { get; } = new(
        static () => new PodSpec(),
        new("volumes", static (ref reader, spec) => spec.Volumes = Volume.ReadArray(ref reader)),
        new("initContainers", static (ref reader, spec) => spec.InitContainers = Container.ReadArray(ref reader)),
        new("containers", static (ref reader, spec) => spec.Containers = Container.ReadArray(ref reader)),
        new("restartPolicy", static (ref reader, spec) => spec.RestartPolicy = FieldValues.Text(ref reader)),
        new("terminationGracePeriodSeconds", static (ref reader, spec) => spec.TerminationGracePeriodSeconds = reader.GetInt64()),
        new("nodeSelector", static (ref reader, spec) => spec.NodeSelector = FieldValues.Map(ref reader)),
        new("serviceAccountName", static (ref reader, spec) => spec.ServiceAccountName = FieldValues.Text(ref reader)),
        new("nodeName", static (ref reader, spec) => spec.NodeName = FieldValues.Text(ref reader)),
        new("hostNetwork", static (ref reader, spec) => spec.HostNetwork = reader.GetBoolean()),
        new("hostname", static (ref reader, spec) => spec.Hostname = FieldValues.Text(ref reader)),
        new("subdomain", static (ref reader, spec) => spec.Subdomain = FieldValues.Text(ref reader)),
        new("affinity", static (ref reader, spec) => spec.Affinity = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.Affinity)),
        new("schedulerName", static (ref reader, spec) => spec.SchedulerName = FieldValues.Text(ref reader)),
        new("tolerations", static (ref reader, spec) => spec.Tolerations = Toleration.ReadArray(ref reader)),
        new("priority", static (ref reader, spec) => spec.Priority = reader.GetInt32()),
        new("readinessGates", static (ref reader, spec) => spec.ReadinessGates = JsonNode.Parse(ref reader) as JsonArray),
        new("preemptionPolicy", static (ref reader, spec) => spec.PreemptionPolicy = FieldValues.Text(ref reader)),
        new("overhead", static (ref reader, spec) => spec.Overhead = FieldValues.Quantities(ref reader)),
        new("topologySpreadConstraints", static (ref reader, spec) =>
            spec.TopologySpreadConstraints = JsonSerializer.Deserialize(ref reader, ObjectForms.Default.TopologySpreadConstraintArray)!),
        new("schedulingGates", static (ref reader, spec) => spec.SchedulingGates = Gate.ReadArray(ref reader)),
        new("resources", static (ref reader, spec) => spec.Resources = Resources.Read(ref reader)));

    public static FieldTable<PodStatus> Status { get; } = new(
        static () => new PodStatus(),
        new("phase", static (ref reader, status) => status.Phase = FieldValues.Text(ref reader)),
        new("conditions", static (ref reader, status) => status.Conditions = ObjectFields.Condition.ReadArray(ref reader)),
        new("message", static (ref reader, status) => status.Message = FieldValues.Text(ref reader)),
        new("reason", static (ref reader, status) => status.Reason = FieldValues.Text(ref reader)),
        new("nominatedNodeName", static (ref reader, status) => status.NominatedNodeName = FieldValues.Text(ref reader)),
        new("hostIP", static (ref reader, status) => status.HostIp = FieldValues.Text(ref reader)),
        new("podIP", static (ref reader, status) => status.PodIp = FieldValues.Text(ref reader)),
        new("podIPs", static (ref reader, status) => status.PodIps = Address.ReadArray(ref reader)),
        new("startTime", static (ref reader, status) => status.StartTime = reader.GetDateTimeOffset()),
        new("initContainerStatuses", static (ref reader, status) => status.InitContainerStatuses = ContainerStatus.ReadArray(ref reader)),
        new("containerStatuses", static (ref reader, status) => status.ContainerStatuses = ContainerStatus.ReadArray(ref reader)));

    public static FieldTable<Pod> Pod { get; } = new(
        static () => new Pod(),
        new("metadata", static (ref reader, pod) => pod.Metadata = ObjectFields.Metadata.Read(ref reader)),
        new("spec", static (ref reader, pod) => pod.Spec = Spec.Read(ref reader)),
        new("status", static (ref reader, pod) => pod.Status = Status.Read(ref reader)));
}
