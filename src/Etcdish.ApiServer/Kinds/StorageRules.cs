using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The kinds of the storage group: classes, drivers and attachments.</summary>
internal static class StorageRules
{
    private const int MaxParameters = 512;
    private const int MaxParameterBytes = 256 * 1024;

    private static readonly string[] _reclaim = ["Delete", "Retain"];
    private static readonly string[] _binding = ["Immediate", "WaitForFirstConsumer"];
    private static readonly string[] _lifecycles = ["Ephemeral", "Persistent"];
    private static readonly string[] _groupPolicies = ["ReadWriteOnceWithFSType", "File", "None"];

    public static void DefaultClass(JsonObject @class)
    {
        @class.Default("reclaimPolicy", "Delete");
        @class.Default("volumeBindingMode", "Immediate");
    }

    public static void CheckClass(CheckedField @class, CheckedField stored)
    {
        var provisioner = @class["provisioner"];
        if (provisioner.RequireText())
        {
            provisioner.Check(NameRules.AnnotationKey);
        }

        CheckParameters(@class["parameters"]);
        @class["reclaimPolicy"].OneOf(_reclaim);
        @class["volumeBindingMode"].OneOf(_binding);
        if (!stored.IsSet)
        {
            return;
        }

        if (!CommonChecks.Alike(@class["parameters"].Value, stored["parameters"].Value))
        {
            @class["parameters"].Forbidden("updates to parameters are forbidden.");
        }

        if (provisioner.Text != stored["provisioner"].Text)
        {
            provisioner.Forbidden("updates to provisioner are forbidden.");
        }

        if (@class["reclaimPolicy"].Text != stored["reclaimPolicy"].Text)
        {
            @class["reclaimPolicy"].Forbidden("updates to reclaimPolicy are forbidden.");
        }

        @class["volumeBindingMode"].Unchanged(stored["volumeBindingMode"]);
    }

    public static void CheckAttributesClass(CheckedField @class, CheckedField stored)
    {
        VolumeSourceRules.CheckDriverName(@class["driverName"]);
        if (@class["parameters"].Count == 0)
        {
            @class["parameters"].Required("must contain at least one key/value pair");
        }

        CheckParameters(@class["parameters"]);
        if (!stored.IsSet)
        {
            return;
        }

        @class["driverName"].Unchanged(stored["driverName"]);
        if (!CommonChecks.Alike(@class["parameters"].Value, stored["parameters"].Value))
        {
            @class["parameters"].Forbidden("updates to parameters are forbidden.");
        }
    }

    public static void DefaultDriver(JsonObject driver)
    {
        var spec = driver.Ensure("spec");
        spec.Default("attachRequired", true);
        spec.Default("podInfoOnMount", false);
        spec.Default("storageCapacity", false);
        spec.Default("fsGroupPolicy", "ReadWriteOnceWithFSType");
        spec.Default("requiresRepublish", false);
        spec.Default("seLinuxMount", false);
        if (!spec.Items("volumeLifecycleModes").Any())
        {
            spec["volumeLifecycleModes"] = new JsonArray("Persistent");
        }
    }

    public static void CheckDriver(CheckedField driver, CheckedField stored)
    {
        VolumeSourceRules.CheckDriverName(driver["metadata"]["name"]);
        var spec = driver["spec"];
        foreach (var field in (ReadOnlySpan<string>)["attachRequired", "podInfoOnMount", "storageCapacity"])
        {
            if (!spec[field].IsSet)
            {
                spec[field].Required();
            }
        }

        spec["fsGroupPolicy"].OneOfIfSet(_groupPolicies);
        foreach (var mode in spec["volumeLifecycleModes"].Items)
        {
            spec["volumeLifecycleModes"].Holding(mode.Value).OneOf(_lifecycles);
        }

        if (stored.IsSet)
        {
            spec["attachRequired"].Unchanged(stored["spec"]["attachRequired"]);
            spec["volumeLifecycleModes"].Unchanged(stored["spec"]["volumeLifecycleModes"]);
        }
    }

    public static void CheckNode(CheckedField node, CheckedField stored)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var driver in node["spec"]["drivers"].Items)
        {
            VolumeSourceRules.CheckDriverName(driver["name"]);
            driver["nodeID"].RequireText();
            if (!names.Add(driver["name"].Text))
            {
                driver["name"].Duplicate();
            }

            driver["allocatable"]["count"].NonNegative();
        }
    }

    public static void CheckAttachment(CheckedField attachment, CheckedField stored)
    {
        var spec = attachment["spec"];
        VolumeSourceRules.CheckDriverName(spec["attacher"]);
        var source = spec["source"];
        if (!source["persistentVolumeName"].IsSet && !source["inlineVolumeSpec"].IsSet)
        {
            source.Required("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        else if (source["persistentVolumeName"].IsSet && source["inlineVolumeSpec"].IsSet)
        {
            source.Forbidden("must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        else if (source["persistentVolumeName"].IsSet)
        {
            source["persistentVolumeName"].RequireText("must specify non empty persistentVolumeName");
        }

        spec["nodeName"].Check(NameRules.Dns1123Subdomain);
        if (stored.IsSet)
        {
            spec.Unchanged(stored["spec"]);
        }
    }

    public static void CheckCapacity(CheckedField capacity, CheckedField stored)
    {
        capacity["nodeTopology"].Selector();
        capacity["storageClassName"].Check(NameRules.Dns1123Subdomain);
        if (capacity["capacity"].Amount() is { Sign: < 0 } amount)
        {
            capacity["capacity"].Invalid(CommonChecks.NotNegative, amount.ToString());
        }

        if (stored.IsSet)
        {
            capacity["nodeTopology"].Unchanged(stored["nodeTopology"]);
            capacity["storageClassName"].Unchanged(stored["storageClassName"]);
        }
    }

    private static void CheckParameters(CheckedField parameters)
    {
        if (parameters.Count > MaxParameters)
        {
            parameters.TooMany(MaxParameters);
            return;
        }

        var size = 0;
        foreach (var (key, value) in parameters.Entries)
        {
            if (key.Length == 0)
            {
                parameters.Invalid("field can not be empty.", key);
            }

            size += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value.Text);
        }

        if (size > MaxParameterBytes)
        {
            parameters.TooLong(MaxParameterBytes);
        }
    }
}
