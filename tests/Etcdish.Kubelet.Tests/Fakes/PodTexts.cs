using System.Text.Json;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>Pods from short texts.</summary>
internal static class PodTexts
{
    /// <summary>A pod of the namespace default whose uid is its name, from its spec with single quotes.</summary>
    public static PodManifest Read(string name, string spec)
    {
        var text = $"{{'metadata':{{'name':'{name}','namespace':'default','uid':'{name}'}},'spec':{spec}}}";
        return JsonSerializer.Deserialize(text.Replace('\'', '"'), KubeletForms.Default.PodManifest)!;
    }

    /// <summary>A pod of one container.</summary>
    public static PodManifest Of(string name, string container = "", int priority = 0) =>
        Read(name, $"{{'priority':{priority},'containers':[{{'name':'c','image':'busybox'{container}}}]}}");
}
