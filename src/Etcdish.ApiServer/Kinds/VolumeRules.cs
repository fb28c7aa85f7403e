using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The volumes of a pod.</summary>
internal static class VolumeRules
{
    private static readonly string[] _fileFields =
        ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] _pullPolicies = ["Always", "IfNotPresent", "Never"];

    /// <summary>Checks the volumes of a pod or template.</summary>
    /// <param name="volumes">The volumes.</param>
    /// <param name="pod">The name of the pod; empty for a template.</param>
    /// <returns>Those that nothing is wrong with, by name: only these can be mounted.</returns>
    public static Dictionary<string, CheckedField> Check(CheckedField volumes, string pod)
    {
        var good = new Dictionary<string, CheckedField>(StringComparer.Ordinal);
        foreach (var volume in volumes.Items)
        {
            var before = volume.ErrorCount;
            CheckSources(volume, pod);
            volume["name"].RequireAnd(NameRules.Dns1123Label);
            if (good.ContainsKey(volume["name"].Text))
            {
                volume["name"].Duplicate();
            }

            if (volume.ErrorCount == before)
            {
                good.Add(volume["name"].Text, volume);
            }
        }

        return good;
    }

    private static void CheckSources(CheckedField volume, string pod)
    {
        var hasOne = false;
        foreach (var kind in VolumeSourceRules.Kinds)
        {
            var source = volume[kind];
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
            CheckSource(volume, kind, source, pod);
        }

        if (!hasOne)
        {
            volume.Required("must specify a volume type");
        }
    }

    private static void CheckSource(CheckedField volume, string kind, CheckedField source, string pod)
    {
        switch (kind)
        {
            case "emptyDir":
                if (source["sizeLimit"].Amount() is { Sign: < 0 })
                {
                    source["sizeLimit"].Forbidden("SizeLimit field must be a valid resource quantity");
                }

                break;
            case "secret":
                source["secretName"].RequireText();
                CheckKeys(source);
                break;
            case "configMap":
                source["name"].RequireText();
                CheckKeys(source);
                break;
            case "persistentVolumeClaim":
                source["claimName"].RequireText();
                break;
            case "downwardAPI":
                source["defaultMode"].FileMode();
                foreach (var file in source["items"].Items)
                {
                    CheckFile(source, file);
                }

                break;
            case "projected":
                source["defaultMode"].FileMode();
                CheckProjections(source);
                break;
            case "ephemeral":
                CheckEphemeral(volume, source, pod);
                break;
            case "image":
                source["reference"].RequireText();
                source["pullPolicy"].RequireOneOf(_pullPolicies);
                break;
            default:
                VolumeSourceRules.Check(kind, source);
                break;
        }
    }

    private static void CheckKeys(CheckedField source)
    {
        source["defaultMode"].FileMode();
        foreach (var item in source["items"].Items)
        {
            CheckKey(item);
        }
    }

    private static void CheckKey(CheckedField item)
    {
        item["key"].RequireText();
        item["path"].RequireText();
        item["path"].LocalPath();
        item["mode"].FileMode();
    }

    private static void CheckFile(CheckedField owner, CheckedField file)
    {
        var path = owner.Child("path", file["path"].Value);
        path.RequireText();
        path.LocalPath();
        var field = file["fieldRef"];
        var resource = file["resourceFieldRef"];
        if (field.IsSet)
        {
            EnvironmentRules.CheckFieldReference(owner.Child("fieldRef", field.Value), _fileFields);
            if (resource.IsSet)
            {
                owner.Invalid("fieldRef and resourceFieldRef can not be specified simultaneously", "resource");
            }
        }
        else if (resource.IsSet)
        {
            EnvironmentRules.CheckResourceReference(owner.Child("resourceFieldRef", resource.Value), isVolume: true);
        }
        else
        {
            owner.Required("one of fieldRef and resourceFieldRef is required");
        }

        owner.Child("mode", file["mode"].Value).FileMode();
    }

    private static void CheckProjections(CheckedField projected)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (var source in projected["sources"].Items)
        {
            foreach (var kind in (ReadOnlySpan<string>)["secret", "configMap"])
            {
                CheckProjectedKeys(projected, source[kind], paths);
            }

            foreach (var file in source["downwardAPI"]["items"].Items)
            {
                CheckFile(source["downwardAPI"], file);
                if (file["path"].HasText && !paths.Add(file["path"].Text))
                {
                    projected.Invalid("conflicting duplicate paths", file["path"].Text);
                }
            }

            CheckToken(projected, source["serviceAccountToken"]);
            if (source.Count > 1)
            {
                source.Forbidden("may not specify more than 1 volume type per source");
            }
        }
    }

    private static void CheckProjectedKeys(CheckedField projected, CheckedField source, HashSet<string> paths)
    {
        if (!source.IsSet)
        {
            return;
        }

        source["name"].RequireText();
        foreach (var item in source["items"].Items)
        {
            CheckKey(item);
            if (item["path"].HasText && !paths.Add(item["path"].Text))
            {
                projected.Invalid("conflicting duplicate paths", source["name"].Text);
            }
        }
    }

    private static void CheckToken(CheckedField projected, CheckedField token)
    {
        if (!token.IsSet)
        {
            return;
        }

        var seconds = token["expirationSeconds"];
        if (seconds.Number is null or < 600)
        {
            seconds.Holding(seconds.Number ?? 0).Invalid("may not specify a duration less than 10 minutes");
        }

        if (seconds.Number > 1L << 32)
        {
            seconds.Invalid("may not specify a duration larger than 2^32 seconds");
        }

        var path = projected.Child("path", token["path"].Value);
        if (path.RequireText())
        {
            path.LocalPath();
        }
    }

    private static void CheckEphemeral(CheckedField volume, CheckedField source, string pod)
    {
        var template = source["volumeClaimTemplate"];
        if (!template.IsSet)
        {
            template.Required();
            return;
        }

        template["metadata"]["labels"].Labels();
        ClaimRules.CheckSpec(template["spec"]);
        if (pod.Length == 0 || !volume["name"].HasText)
        {
            return;
        }

        var claim = $"{pod}-{volume["name"].Text}";
        foreach (var problem in NameRules.Dns1123Subdomain(claim))
        {
            volume["name"].Invalid($"PVC name \"{claim}\": {problem}", volume["name"].Text);
        }
    }
}
