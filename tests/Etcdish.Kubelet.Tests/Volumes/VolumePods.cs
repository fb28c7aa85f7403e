using System.Text.Json;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Tests.Volumes;

/// <summary>Pods of tests.</summary>
internal static class VolumePods
{
    /// <summary>A pod from JSON in which single quotes stand for double ones, and <c>\'</c> for escaped ones.</summary>
    public static PodManifest Parse(string json) =>
        JsonSerializer.Deserialize(json.Replace('\'', '"'), KubeletKinds.Pods.Form)!;

    /// <summary>A pod with these volumes, each mounted in its one container; quotes as in <see cref="Parse"/>.</summary>
    public static PodManifest With(string name, string volumes, string security = "{}", string labels = "{}") =>
        Mounting(Parse($$$"""
            {'metadata':{'name':'{{{name}}}','namespace':'default','uid':'uid-{{{name}}}','labels':{{{labels}}}},
             'spec':{'serviceAccountName':'app','securityContext':{{{security}}},'volumes':[{{{volumes}}}],'containers':[{'name':'c'}]}}
            """));

    private static PodManifest Mounting(PodManifest pod)
    {
        pod.Spec.Containers[0].VolumeMounts =
            [.. pod.Spec.Volumes.Select(volume => new MountManifest { Name = volume.Name, MountPath = "/" + volume.Name })];
        return pod;
    }
}
