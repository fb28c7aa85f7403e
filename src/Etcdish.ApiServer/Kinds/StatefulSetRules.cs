using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>StatefulSets.</summary>
internal static class StatefulSetRules
{
    private const string Frozen = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
        + "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    private static readonly string[] _always = ["Always"];
    private static readonly string[] _retentions = ["Delete", "Retain"];

    private static readonly string[] _changeable =
    [
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];

    public static void ApplyDefaults(JsonObject set)
    {
        var spec = set.Ensure("spec");
        spec.DefaultIfZero("podManagementPolicy", "OrderedReady");
        var strategy = spec.Ensure("updateStrategy");
        if (strategy.Text("type").Length == 0)
        {
            strategy["type"] = "RollingUpdate";
            strategy.Ensure("rollingUpdate").Default("partition", 0);
        }
        else if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Part("rollingUpdate")?.Default("partition", 0);
        }

        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.DefaultIfZero("whenDeleted", "Retain");
        retention.DefaultIfZero("whenScaled", "Retain");
        spec.Default("replicas", 1);
        spec.Default("revisionHistoryLimit", 10);
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim.DefaultIfZero("apiVersion", "v1");
            claim.DefaultIfZero("kind", "PersistentVolumeClaim");
            ClaimRules.ApplyDefaults(claim);
        }

        PodDefaults.ApplyTemplate(spec.Part("template"));
    }

    public static void Check(CheckedField set, CheckedField stored)
    {
        var spec = set["spec"];
        CheckStrategies(spec);
        CheckRetention(spec["persistentVolumeClaimRetentionPolicy"]);
        spec["replicas"].NonNegative();
        spec["minReadySeconds"].NonNegative();
        if (spec["ordinals"].IsSet)
        {
            spec.Child("ordinals.start", spec["ordinals"]["start"].Value).NonNegative();
        }

        WorkloadRules.CheckSelector(spec, "statefulset");
        CheckTemplate(spec);
        if (stored.IsSet)
        {
            CheckChange(spec, stored["spec"]);
        }
    }

    private static void CheckStrategies(CheckedField spec)
    {
        var management = spec["podManagementPolicy"];
        if (management.RequireText() && management.Text is not ("OrderedReady" or "Parallel"))
        {
            management.Invalid("must be 'OrderedReady' or 'Parallel'");
        }

        var strategy = spec["updateStrategy"];
        var rolling = strategy["rollingUpdate"];
        switch (strategy["type"].Text)
        {
            case "":
                strategy.Required();
                break;
            case "OnDelete":
                if (rolling.IsSet)
                {
                    rolling.Invalid("only allowed for updateStrategy 'RollingUpdate'");
                }

                break;
            case "RollingUpdate":
                rolling["partition"].NonNegative();
                if (rolling["maxUnavailable"].IsSet)
                {
                    rolling["maxUnavailable"].CountOrPercent();
                    if (rolling["maxUnavailable"].IsNone())
                    {
                        rolling["maxUnavailable"].Invalid("cannot be 0");
                    }

                    rolling["maxUnavailable"].AtMostAll();
                }

                break;
            default:
                strategy.Invalid("must be 'RollingUpdate' or 'OnDelete'");
                break;
        }
    }

    private static void CheckRetention(CheckedField retention)
    {
        if (retention.IsSet)
        {
            retention["whenDeleted"].OneOf(_retentions);
            retention["whenScaled"].OneOf(_retentions);
        }
    }

    /// <summary>The volumes that claims will make are not there yet, but may be mounted.</summary>
    private static void CheckTemplate(CheckedField spec)
    {
        var template = spec["template"];
        WorkloadRules.CheckMatch(spec["selector"], template);
        PodRules.CheckTemplate(WithClaims(template, spec["volumeClaimTemplates"]));
        template["spec"]["restartPolicy"].OneOf(_always);
        if (template["spec"]["activeDeadlineSeconds"].IsSet)
        {
            template["spec"]["activeDeadlineSeconds"].Forbidden("activeDeadlineSeconds in StatefulSet is not Supported");
        }
    }

    private static CheckedField WithClaims(CheckedField template, CheckedField claims)
    {
        if (claims.Count == 0 || template.Value is not JsonObject value)
        {
            return template;
        }

        var copy = (JsonObject)value.DeepClone();
        if (copy.Part("spec") is not { } pod)
        {
            return template;
        }

        var volumes = pod["volumes"] as JsonArray ?? [];
        pod["volumes"] = volumes;
        foreach (var claim in claims.Items)
        {
            var name = claim["metadata"]["name"].Text;
            for (var i = volumes.Count - 1; i >= 0; i--)
            {
                if ((volumes[i] as JsonObject).Text("name") == name)
                {
                    volumes.RemoveAt(i);
                }
            }

            volumes.Add(new JsonObject { ["name"] = name, ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = name } });
        }

        return template.Holding(copy);
    }

    private static void CheckChange(CheckedField spec, CheckedField stored)
    {
        if (spec.Value is not JsonObject wanted || stored.Value is not JsonObject before)
        {
            return;
        }

        foreach (var (name, value) in wanted)
        {
            if (Array.IndexOf(_changeable, name) < 0 && !CommonChecks.Alike(value, before[name]))
            {
                spec.Forbidden(Frozen);
                return;
            }
        }

        foreach (var (name, value) in before)
        {
            if (Array.IndexOf(_changeable, name) < 0 && !CommonChecks.Alike(value, wanted[name]))
            {
                spec.Forbidden(Frozen);
                return;
            }
        }
    }
}
