using System.Security.Cryptography;
using System.Text;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// Tells by an annotation whether a container was made of what its pod says now. Of what can change in a pod that runs, only the image needs
/// another container.
/// </summary>
internal static class ContainerHash
{
    /// <summary>The annotation that holds it.</summary>
    public const string Annotation = "io.kubernetes.container.hash";

    /// <summary>The hash: eight hexadecimal digits.</summary>
    public static string Of(ContainerManifest container) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{container.Name}\n{container.Image}")).AsSpan(0, 4));
}
