using System.Net;
using System.Net.Sockets;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Policies;

/// <summary>What a pod is to policies. A pod that uses its node's network, or has ended, has no address of its own.</summary>
internal sealed class PolicyPod
{
    private PolicyPod(Pod pod, string node)
    {
        Key = pod.Key;
        Labels = pod.Metadata.Labels;
        Addresses = pod.Spec.HostNetwork || pod.IsFinished ? [] : AddressesOf(pod.Status);
        IsLocal = pod.Spec.NodeName == node && Addresses.Length > 0;
        Ports = [.. pod.Spec.Containers
            .Concat(pod.Spec.InitContainers.Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports)
            .Where(port => port.Name.Length > 0)
            .Select(port => new NamedPort(port.Name, port.Protocol, port.Port))];
    }

    /// <summary>Which.</summary>
    public ObjectKey Key { get; }

    /// <summary>Its labels.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>Its addresses.</summary>
    public IPAddress[] Addresses { get; }

    /// <summary>Whether this node judges its packets.</summary>
    public bool IsLocal { get; }

    /// <summary>The ports that it has names for.</summary>
    public NamedPort[] Ports { get; }

    /// <summary>What a pod is to the policies of a node.</summary>
    public static PolicyPod Of(Pod pod, string node) => new(pod, node);

    /// <summary>Whether nothing has changed that policies look at. Most changes of pods are such.</summary>
    public bool IsSame(PolicyPod other) =>
        IsLocal == other.IsLocal
        && Addresses.AsSpan().SequenceEqual(other.Addresses)
        && Ports.AsSpan().SequenceEqual(other.Ports)
        && AreSame(Labels, other.Labels);

    /// <summary>Whether two sets of labels are the same.</summary>
    public static bool AreSame(IReadOnlyDictionary<string, string> one, IReadOnlyDictionary<string, string> other) =>
        one.Count == other.Count && one.All(label => other.TryGetValue(label.Key, out var value) && value == label.Value);

    private static IPAddress[] AddressesOf(PodStatus status)
    {
        var texts = status.PodIps.Length > 0 ? status.PodIps.Select(address => address.Ip) : [status.PodIp];
        return [.. texts
            .Select(text => IPAddress.TryParse(text, out var address) ? address : null)
            .OfType<IPAddress>()
            .Where(address => address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)];
    }
}

/// <summary>A port that a pod has a name for.</summary>
internal readonly record struct NamedPort(string Name, string Protocol, int Port);
