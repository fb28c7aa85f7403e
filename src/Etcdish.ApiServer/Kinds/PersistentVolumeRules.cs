using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>PersistentVolumes.</summary>
internal static class PersistentVolumeRules
{
    private static readonly string[] _reclaim = ["Delete", "Recycle", "Retain"];
    private static readonly string[] _volumeModes = ["Block", "Filesystem"];

    public static void ApplyDefaults(JsonObject volume)
    {
        volume.Ensure("status").DefaultIfZero("phase", "Pending");
        if (volume.Part("spec") is { } spec)
        {
            spec.DefaultIfZero("persistentVolumeReclaimPolicy", "Retain");
            spec.Default("volumeMode", "Filesystem");
            VolumeDefaults.ApplySource(spec);
            if (spec.Part("claimRef") is { } claim)
            {
                claim.DefaultIfZero("apiVersion", "v1");
                claim.DefaultIfZero("kind", "PersistentVolumeClaim");
            }
        }
    }

    public static void Check(CheckedField volume, CheckedField stored)
    {
        var spec = volume["spec"];
        ClaimRules.CheckAccessModes(spec["accessModes"]);
        CheckCapacity(spec["capacity"]);
        spec["persistentVolumeReclaimPolicy"].OneOfIfSet(_reclaim);
        var affinity = spec["nodeAffinity"];
        if (affinity["required"].IsSet)
        {
            SchedulingRules.CheckNodeSelector(affinity["required"]);
        }
        else if (affinity.IsSet)
        {
            affinity["required"].Required("must specify required node constraints");
        }

        CheckSource(spec);
        if (spec["hostPath"]["path"].Text == "/" && spec["persistentVolumeReclaimPolicy"].Text == "Recycle")
        {
            spec["persistentVolumeReclaimPolicy"].Forbidden("may not be 'recycle' for a hostPath mount of '/'");
        }

        spec["storageClassName"].CheckIfSet(NameRules.Dns1123Subdomain);
        spec["volumeMode"].OneOfIfSet(_volumeModes);
        if (stored.IsSet)
        {
            CheckChange(volume, stored["spec"]);
        }
    }

    private static void CheckCapacity(CheckedField capacity)
    {
        if (capacity.Count == 0)
        {
            capacity.Required();
        }

        if (!capacity["storage"].IsSet || capacity.Count > 1)
        {
            capacity.Add(
                "FieldValueNotSupported", $"Unsupported value: {capacity.Value?.ToJsonString() ?? "null"}: supported values: \"storage\"");
        }

        foreach (var (name, amount) in capacity.Entries)
        {
            var place = capacity.Key(name).Holding(amount.Value);
            if (place.Amount() is { Sign: <= 0 } size)
            {
                place.Invalid(CommonChecks.Positive, size.ToString());
            }
        }
    }

    private static void CheckSource(CheckedField spec)
    {
        var hasOne = false;
        foreach (var kind in VolumeSourceRules.Kinds)
        {
            var source = spec[kind];
            if (!source.IsSet)
            {
                continue;
            }

            if (hasOne)
            {
                source.Forbidden("may not specify more than 1 volume type");
                continue;
            }

            hasOne = true;
            VolumeSourceRules.Check(kind, source);
            if (kind == "csi")
            {
                source["volumeHandle"].RequireText();
            }
            else if (kind == "local" && !spec["nodeAffinity"].IsSet)
            {
                spec["nodeAffinity"].Required("Local volume requires node affinity");
            }
        }

        if (!hasOne)
        {
            spec.Required("must specify a volume type");
        }
    }

    private static void CheckChange(CheckedField volume, CheckedField stored)
    {
        var spec = volume["spec"];
        foreach (var kind in VolumeSourceRules.Kinds)
        {
            if (!CommonChecks.Alike(spec[kind].Value, stored[kind].Value))
            {
                spec["persistentvolumesource"].Forbidden(
                    $"spec.persistentvolumesource is immutable after creation\n{JsonDifference.Describe(
                        stored.Value ?? new JsonObject(), spec.Value ?? new JsonObject())}");
                break;
            }
        }

        volume.Child("volumeMode", spec["volumeMode"].Value).Unchanged(stored["volumeMode"]);
        if (stored["nodeAffinity"].IsSet)
        {
            volume.Child("nodeAffinity", spec["nodeAffinity"].Value).Unchanged(stored["nodeAffinity"]);
        }
    }
}
