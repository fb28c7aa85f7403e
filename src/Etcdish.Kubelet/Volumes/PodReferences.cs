using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>An object that a pod names.</summary>
/// <param name="IsSecret">Whether it is a secret, else a config map.</param>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct ObjectReference(bool IsSecret, string Namespace, string Name);

/// <summary>The config maps and secrets that a pod names.</summary>
internal static class PodReferences
{
    /// <summary>All of them.</summary>
    public static HashSet<ObjectReference> Of(PodManifest pod)
    {
        HashSet<ObjectReference> all = [];
        var ns = pod.Metadata.Namespace;
        foreach (var volume in pod.Spec.Volumes)
        {
            Take(volume.ConfigMap?.Name, false);
            Take(volume.Secret?.SecretName, true);
            foreach (var source in volume.Projected?.Sources ?? [])
            {
                Take(source.ConfigMap?.Name, false);
                Take(source.Secret?.Name, true);
            }
        }

        foreach (var container in (ContainerManifest[])[.. pod.Spec.InitContainers, .. pod.Spec.Containers, .. pod.Spec.EphemeralContainers])
        {
            foreach (var source in container.EnvFrom)
            {
                Take(source.ConfigMapRef?.Name, false);
                Take(source.SecretRef?.Name, true);
            }

            foreach (var variable in container.Env)
            {
                Take(variable.ValueFrom?.ConfigMapKeyRef?.Name, false);
                Take(variable.ValueFrom?.SecretKeyRef?.Name, true);
            }
        }

        foreach (var secret in pod.Spec.ImagePullSecrets)
        {
            Take(secret.Name, true);
        }

        return all;

        void Take(string? name, bool isSecret)
        {
            if (!string.IsNullOrEmpty(name))
            {
                all.Add(new ObjectReference(isSecret, ns, name));
            }
        }
    }
}
