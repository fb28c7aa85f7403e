using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What a volume says when its author said nothing.</summary>
internal static class VolumeDefaults
{
    private const int ReadableByAll = 420;
    private const int HourSeconds = 3600;

    private static readonly string[] _withMode = ["secret", "configMap", "projected", "downwardAPI"];

    /// <summary>The defaults of a pod's volume.</summary>
    public static void Apply(JsonObject volume)
    {
        foreach (var kind in _withMode)
        {
            volume.Part(kind)?.Default("defaultMode", ReadableByAll);
        }

        ApplyFiles(volume.Part("downwardAPI"));
        foreach (var source in volume.Part("projected").Objects("sources"))
        {
            ApplyFiles(source.Part("downwardAPI"));
            source.Part("serviceAccountToken")?.Default("expirationSeconds", HourSeconds);
        }

        ApplySource(volume);
        ApplyClaim(volume.Part("ephemeral").Part("volumeClaimTemplate").Part("spec"));
        if (volume.Part("image") is { } image)
        {
            image.DefaultIfZero("pullPolicy", PodDefaults.PullPolicy(image.Text("reference")));
        }

        if (!volume.Any(part => part.Key != "name" && part.Value is not null))
        {
            volume["emptyDir"] = new JsonObject();
        }
    }

    /// <summary>The defaults of sources that pods and persistent volumes have in common.</summary>
    public static void ApplySource(JsonObject source)
    {
        source.Part("hostPath")?.Default("type", "");
        source.Part("iscsi")?.DefaultIfZero("iscsiInterface", "default");
        if (source.Part("rbd") is { } rbd)
        {
            rbd.DefaultIfZero("pool", "rbd");
            rbd.DefaultIfZero("user", "admin");
            rbd.DefaultIfZero("keyring", "/etc/ceph/keyring");
        }

        if (source.Part("azureDisk") is { } disk)
        {
            disk.Default("cachingMode", "ReadWrite");
            disk.Default("fsType", "ext4");
            disk.Default("readOnly", false);
            disk.Default("kind", "Shared");
        }

        if (source.Part("scaleIO") is { } scale)
        {
            scale.DefaultIfZero("storageMode", "ThinProvisioned");
            scale.DefaultIfZero("fsType", "xfs");
        }
    }

    /// <summary>The defaults of a claim's spec.</summary>
    public static void ApplyClaim(JsonObject? spec)
    {
        spec?.Default("volumeMode", "Filesystem");
        spec?.Default("resources", new JsonObject());
    }

    private static void ApplyFiles(JsonObject? downward)
    {
        foreach (var file in downward.Objects("items"))
        {
            PodDefaults.ApplyReferences(file);
        }
    }
}
