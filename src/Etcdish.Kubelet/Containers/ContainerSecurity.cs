using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Containers;

/// <summary>As whom and with which rights a container runs: what it says itself, and else what its pod says.</summary>
/// <param name="folders">Where the kubelet keeps profiles.</param>
internal sealed class ContainerSecurity(PodFolders folders)
{
    private const string AppArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/";

    /// <summary>What holds of a container.</summary>
    public static ContainerSecurityManifest Merge(PodManifest pod, ContainerManifest container)
    {
        var (own, shared) = (container.SecurityContext, pod.Spec.SecurityContext);
        return new ContainerSecurityManifest
        {
            Capabilities = own.Capabilities,
            Privileged = own.Privileged,
            SeLinuxOptions = own.SeLinuxOptions ?? shared.SeLinuxOptions,
            RunAsUser = own.RunAsUser ?? shared.RunAsUser,
            RunAsGroup = own.RunAsGroup ?? shared.RunAsGroup,
            RunAsNonRoot = own.RunAsNonRoot ?? shared.RunAsNonRoot,
            ReadOnlyRootFilesystem = own.ReadOnlyRootFilesystem,
            AllowPrivilegeEscalation = own.AllowPrivilegeEscalation,
            ProcMount = own.ProcMount,
            SeccompProfile = own.SeccompProfile ?? shared.SeccompProfile,
            AppArmorProfile = own.AppArmorProfile ?? shared.AppArmorProfile ?? FromAnnotation(pod, container.Name),
        };
    }

    /// <summary>The user that a container runs as. A group alone is not enough for runtimes: the image's user is named with it.</summary>
    /// <exception cref="ContainerConfigException">It must not be root, and is or may be.</exception>
    public static UserSettings UserOf(PodManifest pod, ContainerManifest container, ContainerSecurityManifest merged, ImageState image)
    {
        if (merged.RunAsNonRoot == true)
        {
            CheckNotRoot(pod, container, merged.RunAsUser, image);
        }

        var shared = pod.Spec.SecurityContext;
        return new UserSettings
        {
            Uid = merged.RunAsUser ?? (merged.RunAsGroup is null ? null : image.Uid),
            Gid = merged.RunAsGroup,
            SupplementalGroups = shared.FsGroup is { } group ? [group, .. shared.SupplementalGroups] : shared.SupplementalGroups,
        };
    }

    /// <summary>The seccomp profile; null: none, as for privileged containers always.</summary>
    /// <exception cref="ContainerConfigException">It names a file that is not among the kubelet's profiles.</exception>
    public ProfileManifest? SeccompOf(ContainerSecurityManifest merged)
    {
        if (merged.Privileged || merged.SeccompProfile is not { Type: "Localhost" } local)
        {
            return merged.Privileged ? null : merged.SeccompProfile;
        }

        var name = local.LocalhostProfile;
        return name.Length > 0 && !Path.IsPathRooted(name) && !name.Split('/').Contains("..")
            ? new ProfileManifest { Type = local.Type, LocalhostProfile = Path.Combine(folders.Root, "seccomp", name) }
            : throw new ContainerConfigException(
                "localhostProfile must be set if seccompProfile type is Localhost, and be a path below the kubelet's profiles.");
    }

    private static void CheckNotRoot(PodManifest pod, ContainerManifest container, long? user, ImageState image)
    {
        var where = $"(pod: \"{pod.Describe()}\", container: {container.Name})";
        if (user is not null)
        {
            if (user == 0)
            {
                throw new ContainerConfigException($"container's runAsUser breaks non-root policy {where}");
            }
        }
        else if (image.Uid == 0)
        {
            throw new ContainerConfigException($"container has runAsNonRoot and image will run as root {where}");
        }
        else if (image.Uid is null && image.Username.Length > 0)
        {
            throw new ContainerConfigException(
                $"container has runAsNonRoot and image has non-numeric user ({image.Username}), cannot verify user is non-root {where}");
        }
    }

    private static ProfileManifest? FromAnnotation(PodManifest pod, string container) =>
        pod.Metadata.Annotations.GetValueOrDefault(AppArmorAnnotation + container) switch
        {
            "runtime/default" => new ProfileManifest { Type = "RuntimeDefault" },
            "unconfined" => new ProfileManifest { Type = "Unconfined" },
            { } text when text.StartsWith("localhost/", StringComparison.Ordinal) =>
                new ProfileManifest { Type = "Localhost", LocalhostProfile = text["localhost/".Length..] },
            _ => null,
        };
}
