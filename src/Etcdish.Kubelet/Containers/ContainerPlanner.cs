using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What a <see cref="ContainerPlanner"/> is made of.</summary>
internal sealed record ContainerPlannerParts
{
    public required KubeletOptions Options { get; init; }

    public required PodFolders Folders { get; init; }

    public required IObjectSource Objects { get; init; }

    /// <summary>The node, as it is known now.</summary>
    public required Func<NodeFacts> Node { get; init; }

    /// <summary>Tells a pod's owner of something that should not be: the pod, the reason and the message of an event.</summary>
    public required Action<PodManifest, string, string> Warn { get; init; }

    /// <summary>The node's hosts file.</summary>
    public string HostsFile { get; init; } = "/etc/hosts";

    /// <summary>The node's resolver file; empty: none.</summary>
    public string ResolverFile { get; init; } = "/etc/resolv.conf";
}

/// <summary>Makes of what a pod says what its runtime is told.</summary>
internal sealed class ContainerPlanner : IContainerPlanner
{
    private readonly ContainerPlannerParts _parts;
    private readonly ContainerEnvironment _environment;
    private readonly ContainerMounts _mounts;
    private readonly ContainerSecurity _security;
    private readonly PodResolver _resolver;

    /// <summary>Makes one.</summary>
    public ContainerPlanner(ContainerPlannerParts parts)
    {
        _parts = parts;
        _environment = new ContainerEnvironment(parts.Objects, parts.Node, parts.Warn);
        _mounts = new ContainerMounts(parts.Folders, parts.Options.ClusterDomain, parts.HostsFile);
        _security = new ContainerSecurity(parts.Folders);
        _resolver = new PodResolver(parts.Options, parts.ResolverFile, parts.Warn);
    }

    /// <inheritdoc/>
    public async Task<SandboxSettings> PlanSandboxAsync(PodManifest pod, int attempt, CancellationToken cancellation)
    {
        var (spec, identity) = (pod.Spec, pod.Identity());
        var hostname = PodHostname.Of(pod, _parts.Options.ClusterDomain).ForKernel(spec.SetHostnameAsFqdn);
        var logs = _parts.Folders.Logs(identity);
        Directory.CreateDirectory(logs);
        return new SandboxSettings
        {
            Pod = identity,
            Attempt = attempt,
            Hostname = spec.HostNetwork ? "" : hostname,
            LogDirectory = logs,
            Resolver = _resolver.Of(pod),
            Ports = spec.HostNetwork ? [] : PortsOf(pod),
            Labels = ContainerLabels.OfSandbox(pod),
            Annotations = pod.Metadata.Annotations,
            HostNetwork = spec.HostNetwork,
            HostPid = spec.HostPid,
            HostIpc = spec.HostIpc,
            ShareProcessNamespace = spec.ShareProcessNamespace,
            Privileged = spec.Containers.Concat(spec.InitContainers).Any(container => container.SecurityContext.Privileged),
            Security = spec.SecurityContext,
            RuntimeHandler = await FindHandlerAsync(spec.RuntimeClassName, cancellation),
        };
    }

    /// <inheritdoc/>
    public async Task<ContainerSettings> PlanContainerAsync(ContainerPlan plan, CancellationToken cancellation)
    {
        var (pod, container) = (plan.Pod, plan.Container);
        var security = ContainerSecurity.Merge(pod, container);
        var user = ContainerSecurity.UserOf(pod, container, security, plan.Image);
        var variables = await _environment.MakeAsync(plan, cancellation);
        var folder = Path.GetDirectoryName(_parts.Folders.Log(pod.Identity(), container.Name, plan.Attempt))!;
        Directory.CreateDirectory(folder);
        return new ContainerSettings
        {
            Name = container.Name,
            Attempt = plan.Attempt,
            ImageReference = plan.Image.Id,
            Image = container.Image,
            Command = VariableExpansion.Expand(container.Command, variables.Find),
            Arguments = VariableExpansion.Expand(container.Args, variables.Find),
            WorkingDirectory = container.WorkingDir,
            Environment = variables.ToList(),
            Mounts = MakeMounts(plan, variables),
            Devices = ContainerMounts.MakeDevices(plan),
            Labels = ContainerLabels.OfContainer(pod, container),
            Annotations = ContainerLabels.Annotate(pod, container, plan.Attempt),
            LogPath = $"{container.Name}/{plan.Attempt}.log",
            Stdin = container.Stdin,
            StdinOnce = container.StdinOnce,
            Tty = container.Tty,
            Resources = LimitsOf(pod, container),
            User = user,
            Security = security,
            Seccomp = _security.SeccompOf(security),
            AppArmor = security.AppArmorProfile,
            NoNewPrivileges = security.AllowPrivilegeEscalation == false,
            TargetContainerId = plan.TargetContainerId,
            StopSignal = container.Lifecycle?.StopSignal ?? "",
        };
    }

    /// <summary>The limits that a container is to have, also when they change while it runs.</summary>
    public ResourceSettings LimitsOf(PodManifest pod, ContainerManifest container) =>
        ContainerLimits.Of(pod, container, _parts.Node().Capacity.GetValueOrDefault("memory").Value);

    private static IReadOnlyList<PortSettings> PortsOf(PodManifest pod) =>
    [
        .. pod.Spec.InitContainers.Where(container => container.IsSidecar).Concat(pod.Spec.Containers)
            .SelectMany(container => container.Ports)
            .Where(port => port.HostPort > 0)
            .Select(port => new PortSettings(port.Protocol, port.Port, port.HostPort, port.HostIp)),
    ];

    private IReadOnlyList<MountSettings> MakeMounts(ContainerPlan plan, VariableList variables)
    {
        try
        {
            return _mounts.Make(plan, variables);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ContainerConfigException($"the container's files cannot be made: {e.Message}");
        }
    }

    private async Task<string> FindHandlerAsync(string runtimeClass, CancellationToken cancellation)
    {
        if (runtimeClass.Length == 0)
        {
            return "";
        }

        JsonObject? found = NameRules.Dns1123Subdomain(runtimeClass).Count > 0
            ? null
            : await _parts.Objects.FindAsync($"/apis/node.k8s.io/v1/runtimeclasses/{runtimeClass}", cancellation);
        return (string?)found?["handler"] ?? throw new ContainerConfigException(
            $"failed to get sandbox runtime: RuntimeClass \"{runtimeClass}\" not found", "FailedCreatePodSandBox");
    }
}
