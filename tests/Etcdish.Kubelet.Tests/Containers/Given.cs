using System.Text.Json;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;

namespace Etcdish.Kubelet.Tests.Containers;

/// <summary>Pods as users write them, in single quotes, and what is planned of them.</summary>
internal static class Given
{
    /// <summary>A pod of namespace <c>ns</c> with this spec.</summary>
    public static PodManifest Pod(string spec, string metadata = "") => JsonSerializer.Deserialize(
        $"{{'metadata':{{'name':'web','namespace':'ns','uid':'u1'{(metadata.Length == 0 ? "" : "," + metadata)}}},'spec':{spec}}}"
            .Replace('\'', '"'),
        KubeletForms.Default.PodManifest)!;

    /// <summary>A pod of one container with these fields.</summary>
    public static PodManifest PodOf(string container, string metadata = "") =>
        Pod($"{{'containers':[{{'name':'c','image':'i'{(container.Length == 0 ? "" : "," + container)}}}]}}", metadata);

    public static ImageState Image(long? uid = null, string user = "") => new("sha256:1", [], [], 1, uid, user, false);

    /// <summary>The plan of a pod's first container.</summary>
    public static ContainerPlan Plan(PodManifest pod, ImageState? image = null, params string[] addresses) => new()
    {
        Pod = pod,
        Container = pod.Spec.Containers[0],
        Image = image ?? Image(),
        Volumes = new Dictionary<string, VolumePlace>(),
        PodAddresses = addresses,
    };
}
