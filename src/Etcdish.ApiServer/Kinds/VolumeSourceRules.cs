using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Where volumes come from: the sources that pods and persistent volumes have in common.</summary>
internal static class VolumeSourceRules
{
    private static readonly string[] _hostPathTypes =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    /// <summary>Sources that need nothing but some of their fields.</summary>
    private static readonly Dictionary<string, string[]> _needed = new(StringComparer.Ordinal)
    {
        ["gitRepo"] = ["repository"],
        ["gcePersistentDisk"] = ["pdName"],
        ["awsElasticBlockStore"] = ["volumeID"],
        ["glusterfs"] = ["endpoints", "path"],
        ["rbd"] = ["monitors", "image"],
        ["cinder"] = ["volumeID"],
        ["cephfs"] = ["monitors"],
        ["flexVolume"] = ["driver"],
        ["azureFile"] = ["secretName", "shareName"],
        ["vsphereVolume"] = ["volumePath"],
        ["quobyte"] = ["registry", "volume"],
        ["azureDisk"] = ["diskName", "diskURI"],
        ["photonPersistentDisk"] = ["pdID"],
        ["portworxVolume"] = ["volumeID"],
        ["scaleIO"] = ["gateway", "system", "volumeName"],
        ["storageos"] = ["volumeName"],
        ["iscsi"] = ["targetPortal", "iqn"],
    };

    /// <summary>All sources, in the order in which they are looked at.</summary>
    public static string[] Kinds { get; } =
    [
        "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi", "glusterfs", "flocker",
        "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc", "flexVolume", "configMap", "azureFile",
        "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO", "local", "csi",
        "ephemeral", "image",
    ];

    /// <summary>Checks a source of a kind.</summary>
    public static void Check(string kind, CheckedField source)
    {
        switch (kind)
        {
            case "hostPath":
                if (source["path"].RequireText())
                {
                    source["path"].NoBacksteps();
                    source["type"].OneOfIfSet(_hostPathTypes);
                }

                break;
            case "local":
                if (source["path"].RequireText())
                {
                    source["path"].NoBacksteps();
                }

                break;
            case "nfs":
                source["server"].RequireText();
                source["path"].RequireText();
                if (!source["path"].Text.StartsWith('/'))
                {
                    source["path"].Invalid("must be an absolute path", source["path"].Text);
                }

                break;
            case "csi":
                CheckDriverName(source["driver"]);
                CheckSecretName(source["nodePublishSecretRef"]);
                break;
            default:
                CheckNeeded(kind, source);
                break;
        }
    }

    /// <summary>The name of a driver of storage.</summary>
    public static void CheckDriverName(CheckedField name)
    {
        name.RequireText();
        if (name.Text.Length > NameRules.MaxLabelLength)
        {
            name.TooLong(NameRules.MaxLabelLength);
        }

#pragma warning disable CA1308 // The rule is about the name in lower case.
        foreach (var problem in NameRules.Dns1123Subdomain(name.Text.ToLowerInvariant()))
#pragma warning restore CA1308
        {
            name.Invalid(problem, name.Text);
        }
    }

    private static void CheckNeeded(string kind, CheckedField source)
    {
        if (!_needed.TryGetValue(kind, out var needed))
        {
            return;
        }

        foreach (var name in needed)
        {
            if (!source[name].HasText && source[name].Count == 0)
            {
                source[name].Required();
            }
        }

        if (kind is "gcePersistentDisk" or "awsElasticBlockStore")
        {
            source["partition"].Between(0, 255, CommonChecks.InclusiveRange(1, 255));
        }
    }

    private static void CheckSecretName(CheckedField reference)
    {
        if (reference.IsSet)
        {
            reference["name"].RequireText();
        }
    }
}
