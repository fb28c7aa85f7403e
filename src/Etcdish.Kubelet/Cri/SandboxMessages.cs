using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;

namespace Etcdish.Kubelet.Cri;

/// <summary>Makes messages of what a sandbox is to be.</summary>
internal static class SandboxMessages
{
    public static PodSandboxConfig Config(SandboxSettings settings) => new()
    {
        Metadata = new PodSandboxMetadata
        {
            Name = settings.Pod.Name,
            Namespace = settings.Pod.Namespace,
            Uid = settings.Pod.Uid,
            Attempt = (uint)settings.Attempt,
        },
        Hostname = settings.Hostname,
        LogDirectory = settings.LogDirectory,
        DnsConfig = Resolver(settings.Resolver),
        PortMappings = { settings.Ports.Select(Port) },
        Labels = { settings.Labels.ToDictionary() },
        Annotations = { settings.Annotations.ToDictionary() },
        Linux = new LinuxPodSandboxConfig
        {
            CgroupParent = settings.CgroupParent,
            SecurityContext = SecurityMessages.Sandbox(settings),
            Sysctls = { settings.Security.Sysctls.ToDictionary(sysctl => sysctl.Name, sysctl => sysctl.Value) },
            Resources = settings.Resources is { } resources ? Resources(resources) : null,
        },
    };

    public static LinuxContainerResources Resources(ResourceSettings resources) => new()
    {
        CpuShares = resources.CpuShares,
        CpuQuota = resources.CpuQuota,
        CpuPeriod = resources.CpuPeriod,
        MemoryLimitInBytes = resources.MemoryLimitBytes,
        OomScoreAdj = resources.OomScoreAdjustment,
        Unified = { resources.Unified.ToDictionary() },
    };

    private static DNSConfig? Resolver(ResolverSettings? resolver) => resolver is null ? null : new()
    {
        Servers = { resolver.Servers },
        Searches = { resolver.Searches },
        Options = { resolver.Options },
    };

    private static PortMapping Port(PortSettings port) => new()
    {
        Protocol = port.Protocol switch
        {
            "UDP" => Protocol.Udp,
            "SCTP" => Protocol.Sctp,
            _ => Protocol.Tcp,
        },
        ContainerPort = port.ContainerPort,
        HostPort = port.HostPort,
        HostIp = port.HostAddress,
    };
}
