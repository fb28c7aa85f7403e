using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>PersistentVolumeClaims.</summary>
internal static class ClaimRules
{
    private const string Frozen =
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

    private static readonly string[] _accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
    private static readonly string[] _volumeModes = ["Block", "Filesystem"];

    public static void ApplyDefaults(JsonObject claim)
    {
        VolumeDefaults.ApplyClaim(claim.Part("spec"));
        claim.Ensure("status").DefaultIfZero("phase", "Pending");
    }

    /// <summary>The two ways to name where a claim's first content comes from say the same.</summary>
    public static void Prepare(JsonObject claim, JsonObject? stored)
    {
        if (claim.Part("spec") is not { } spec)
        {
            return;
        }

        if (spec["dataSource"] is { } source && spec["dataSourceRef"] is null)
        {
            spec["dataSourceRef"] = source.DeepClone();
        }
        else if (spec.Part("dataSourceRef") is { } reference && spec["dataSource"] is null && reference.Text("namespace").Length == 0)
        {
            spec["dataSource"] = reference.DeepClone();
        }
    }

    public static void Check(CheckedField claim, CheckedField stored)
    {
        var spec = claim["spec"];
        CheckSpec(spec);
        if (stored.IsSet)
        {
            CheckChange(claim, stored);
        }
    }

    /// <summary>The spec of a claim, also of one that a pod has made for it.</summary>
    public static void CheckSpec(CheckedField spec)
    {
        spec["selector"].Selector();
        CheckAccessModes(spec["accessModes"]);
        var storage = spec["resources"].Key("storage").Holding(spec["resources"]["requests"]["storage"].Value);
        if (!storage.IsSet)
        {
            storage.Required();
        }
        else if (storage.Amount() is { Sign: <= 0 } amount)
        {
            storage.Invalid(CommonChecks.Positive, amount.ToString());
        }

        spec["storageClassName"].CheckIfSet(NameRules.Dns1123Subdomain);
        spec["volumeMode"].OneOfIfSet(_volumeModes);
        CheckSource(spec["dataSource"]);
        CheckSource(spec["dataSourceRef"]);
        spec["dataSourceRef"]["namespace"].CheckIfSet(NameRules.Dns1123Label);
        spec["volumeAttributesClassName"].CheckIfSet(NameRules.Dns1123Subdomain);
    }

    /// <summary>How a volume may be used.</summary>
    public static void CheckAccessModes(CheckedField modes)
    {
        if (modes.Count == 0)
        {
            modes.Required("at least 1 access mode is required");
        }

        foreach (var mode in modes.Items)
        {
            modes.Holding(mode.Value).OneOf(_accessModes);
        }

        if (modes.Count > 1 && modes.HasItem("ReadWriteOncePod"))
        {
            modes.Forbidden("may not use ReadWriteOncePod with other access modes");
        }
    }

    private static void CheckSource(CheckedField source)
    {
        if (!source.IsSet)
        {
            return;
        }

        source["name"].RequireText();
        source["kind"].RequireText();
        if (!source["apiGroup"].HasText && source["kind"].Text != "PersistentVolumeClaim")
        {
            source.Invalid("must be 'PersistentVolumeClaim' when referencing the default apiGroup", source["kind"].Text);
        }

        source["apiGroup"].CheckIfSet(NameRules.Dns1123Subdomain);
    }

    private static void CheckChange(CheckedField claim, CheckedField stored)
    {
        if (claim["spec"].Value is not JsonObject wanted || stored["spec"].Value is not JsonObject before)
        {
            return;
        }

        var allowed = (JsonObject)before.DeepClone();
        foreach (var field in (ReadOnlySpan<string>)["volumeName", "storageClassName"])
        {
            if (before[field] is null)
            {
                allowed.CopyFrom(wanted, field);
            }
        }

        if (stored["status"]["phase"].Text == "Bound")
        {
            allowed.Ensure("resources").Ensure("requests").CopyFrom(wanted.Part("resources").Part("requests"), "storage");
            if (wanted["volumeAttributesClassName"] is not null)
            {
                allowed.CopyFrom(wanted, "volumeAttributesClassName");
            }
        }

        if (!CommonChecks.Alike(allowed, wanted))
        {
            claim["spec"].Forbidden($"{Frozen}\n{JsonDifference.Describe(before, wanted)}");
        }

        CheckSize(claim["spec"]["resources"]["requests"]["storage"], stored);
        if (!CommonChecks.Alike(wanted["volumeMode"], before["volumeMode"]))
        {
            claim.Child("volumeMode", wanted["volumeMode"]).Invalid(CommonChecks.Immutable);
        }
    }

    private static void CheckSize(CheckedField size, CheckedField stored)
    {
        var before = stored["spec"]["resources"]["requests"]["storage"].Amount() ?? default;
        var real = stored["status"]["capacity"]["storage"].Amount() ?? default;
        if (size.Amount() is { } amount && amount < before && amount <= real)
        {
            size.Forbidden("field can not be less than status.capacity");
        }
    }
}
