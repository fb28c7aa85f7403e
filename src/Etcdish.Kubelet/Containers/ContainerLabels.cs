using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// The labels and annotations by which the runtime remembers whose a sandbox or container is and how it was made, so that a kubelet that
/// was restarted, crictl and log collectors know it.
/// </summary>
internal static class ContainerLabels
{
    public const string PodName = "io.kubernetes.pod.name";

    public const string PodNamespace = "io.kubernetes.pod.namespace";

    public const string PodUid = "io.kubernetes.pod.uid";

    public const string ContainerName = "io.kubernetes.container.name";

    /// <summary>What the container was made from: it is made anew when that changes.</summary>
    public const string HashAnnotation = "io.kubernetes.container.hash";

    public const string RestartCountAnnotation = "io.kubernetes.container.restartCount";

    public const string MessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";

    public const string MessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";

    public const string PreStopAnnotation = "io.kubernetes.container.preStopHandler";

    public const string PortsAnnotation = "io.kubernetes.container.ports";

    public const string GraceAnnotation = "io.kubernetes.pod.terminationGracePeriod";

    public const string DeletionGraceAnnotation = "io.kubernetes.pod.deletionGracePeriod";

    /// <summary>The labels of a sandbox: the pod's own, and whose it is.</summary>
    public static IReadOnlyDictionary<string, string> OfSandbox(PodManifest pod) => new Dictionary<string, string>(pod.Metadata.Labels)
    {
        [PodName] = pod.Metadata.Name,
        [PodNamespace] = pod.Metadata.Namespace,
        [PodUid] = pod.Uid,
    };

    /// <summary>The labels of a container.</summary>
    public static IReadOnlyDictionary<string, string> OfContainer(PodManifest pod, ContainerManifest container) => new Dictionary<string, string>
    {
        [PodName] = pod.Metadata.Name,
        [PodNamespace] = pod.Metadata.Namespace,
        [PodUid] = pod.Uid,
        [ContainerName] = container.Name,
    };

    /// <summary>The annotations of a container.</summary>
    public static IReadOnlyDictionary<string, string> Annotate(PodManifest pod, ContainerManifest container, int attempt)
    {
        Dictionary<string, string> annotations = new()
        {
            [HashAnnotation] = HashOf(container),
            [RestartCountAnnotation] = attempt.ToString(CultureInfo.InvariantCulture),
            [MessagePathAnnotation] = container.TerminationMessagePath,
            [MessagePolicyAnnotation] = container.TerminationMessagePolicy,
        };
        if (pod.Spec.TerminationGracePeriodSeconds is { } grace)
        {
            annotations[GraceAnnotation] = grace.ToString(CultureInfo.InvariantCulture);
        }

        if (pod.Metadata.DeletionGracePeriodSeconds is { } deletion)
        {
            annotations[DeletionGraceAnnotation] = deletion.ToString(CultureInfo.InvariantCulture);
        }

        if (container.Lifecycle?.PreStop is { } hook)
        {
            annotations[PreStopAnnotation] = JsonSerializer.Serialize(hook, KubeletForms.Default.HandlerManifest);
        }

        if (container.Ports.Length > 0)
        {
            annotations[PortsAnnotation] = JsonSerializer.Serialize(container.Ports, KubeletForms.Default.ContainerPortArray);
        }

        return annotations;
    }

    /// <summary>
    /// Tells one form of a container from another: of what may change in a running pod only the image counts, so that a newer kubelet with
    /// further fields makes nothing anew. FNV-1a of 32 bits, in hexadecimal.
    /// </summary>
    public static string HashOf(ContainerManifest container)
    {
        var hash = 2166136261u;
        foreach (var value in Encoding.UTF8.GetBytes($"{container.Name}\0{container.Image}"))
        {
            hash = (hash ^ value) * 16777619u;
        }

        return hash.ToString("x", CultureInfo.InvariantCulture);
    }
}
