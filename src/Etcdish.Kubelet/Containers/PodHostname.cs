using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>What a pod is called in the network.</summary>
/// <param name="Name">Its host name.</param>
/// <param name="Domain">Its domain; empty: it has none.</param>
internal readonly record struct PodHostname(string Name, string Domain)
{
    private const int MaxKernelName = 64;
    private const int MaxName = 63;

    /// <summary>The names of a pod.</summary>
    /// <exception cref="ContainerConfigException">It says one that cannot be.</exception>
    public static PodHostname Of(PodManifest pod, string clusterDomain)
    {
        var spec = pod.Spec;
        Check("Hostname", spec.Hostname);
        Check("Subdomain", spec.Subdomain);
        var name = spec.Hostname.Length > 0 ? spec.Hostname : pod.Metadata.Name;
        if (name.Length > MaxName)
        {
            name = name[..MaxName].TrimEnd('-', '.');
        }

        return new PodHostname(
            name, spec.Subdomain.Length == 0 ? "" : $"{spec.Subdomain}.{pod.Metadata.Namespace}.svc.{clusterDomain}");
    }

    /// <summary>What the kernel is told as the host's name.</summary>
    /// <exception cref="ContainerConfigException">The pod wants its full name there, and that is too long.</exception>
    public string ForKernel(bool isFull)
    {
        if (!isFull || Domain.Length == 0)
        {
            return Name;
        }

        var full = $"{Name}.{Domain}";
        return full.Length <= MaxKernelName ? full : throw new ContainerConfigException(
            $"failed to construct FQDN from pod hostname and cluster domain, FQDN {full} is too long "
            + $"({MaxKernelName} characters is the max, {full.Length} characters requested)",
            "FailedCreatePodSandBox");
    }

    private static void Check(string what, string label)
    {
        if (label.Length > 0 && NameRules.Dns1123Label(label) is { Count: > 0 } problems)
        {
            throw new ContainerConfigException($"pod {what} \"{label}\" is not a valid DNS label: {string.Join(';', problems)}");
        }
    }
}
