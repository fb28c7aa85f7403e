using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Kinds;

/// <summary>A volume of a pod: its name, and the one source that is set.</summary>
internal sealed class VolumeManifest
{
    public string Name { get; set; } = "";

    public EmptyDirManifest? EmptyDir { get; set; }

    public HostPathManifest? HostPath { get; set; }

    public FilesManifest? ConfigMap { get; set; }

    public SecretVolumeManifest? Secret { get; set; }

    public ProjectedManifest? Projected { get; set; }

    [System.Text.Json.Serialization.JsonPropertyName("downwardAPI")]
    public DownwardManifest? DownwardApi { get; set; }

    public ClaimVolume? PersistentVolumeClaim { get; set; }

    /// <summary>A claim that is the pod's own, named after pod and volume.</summary>
    public JsonObject? Ephemeral { get; set; }

    public NfsManifest? Nfs { get; set; }

    public JsonObject? Csi { get; set; }

    public JsonObject? Image { get; set; }
}

/// <summary>A directory that lives as long as the pod.</summary>
internal sealed class EmptyDirManifest
{
    /// <summary>Memory: a tmpfs. Empty: the node's disk.</summary>
    public string Medium { get; set; } = "";

    public Quantity? SizeLimit { get; set; }
}

/// <summary>A file or directory of the node.</summary>
internal sealed class HostPathManifest
{
    public string Path { get; set; } = "";

    /// <summary>DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice, BlockDevice, or empty: anything.</summary>
    public string Type { get; set; } = "";
}

/// <summary>A config map as files; <see cref="Name"/> is the config map's.</summary>
internal class FilesManifest
{
    public string Name { get; set; } = "";

    public FileManifest[] Items { get => field ?? []; set; }

    /// <summary>Null: 0644.</summary>
    public int? DefaultMode { get; set; }

    public bool Optional { get; set; }
}

/// <summary>A secret as files.</summary>
internal sealed class SecretVolumeManifest : FilesManifest
{
    /// <summary>The secret; in projected volumes it is <see cref="FilesManifest.Name"/>.</summary>
    public string SecretName { get; set; } = "";
}

/// <summary>A key, and the file that shows it.</summary>
internal sealed class FileManifest
{
    public string Key { get; set; } = "";

    public string Path { get; set; } = "";

    public int? Mode { get; set; }
}

/// <summary>Fields of the pod as files.</summary>
internal sealed class DownwardManifest
{
    public DownwardFileManifest[] Items { get => field ?? []; set; }

    public int? DefaultMode { get; set; }
}

/// <summary>A field of the pod, and the file that shows it.</summary>
internal sealed class DownwardFileManifest
{
    public string Path { get; set; } = "";

    public FieldManifest? FieldRef { get; set; }

    public ResourceFieldManifest? ResourceFieldRef { get; set; }

    public int? Mode { get; set; }
}

/// <summary>Several sources in one directory.</summary>
internal sealed class ProjectedManifest
{
    public ProjectionManifest[] Sources { get => field ?? []; set; }

    public int? DefaultMode { get; set; }
}

/// <summary>One of several sources: the one that is set.</summary>
internal sealed class ProjectionManifest
{
    public SecretVolumeManifest? Secret { get; set; }

    public FilesManifest? ConfigMap { get; set; }

    [System.Text.Json.Serialization.JsonPropertyName("downwardAPI")]
    public DownwardManifest? DownwardApi { get; set; }

    public TokenManifest? ServiceAccountToken { get; set; }

    public JsonObject? ClusterTrustBundle { get; set; }
}

/// <summary>A token of the pod's service account.</summary>
internal sealed class TokenManifest
{
    /// <summary>Empty: the API server's own.</summary>
    public string Audience { get; set; } = "";

    public long ExpirationSeconds { get; set; } = 3600;

    public string Path { get; set; } = "";
}

/// <summary>A directory of an NFS server.</summary>
internal sealed class NfsManifest
{
    public string Server { get; set; } = "";

    public string Path { get; set; } = "";

    public bool ReadOnly { get; set; }
}
