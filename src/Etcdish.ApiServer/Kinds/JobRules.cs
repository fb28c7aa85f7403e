using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Jobs.</summary>
internal static class JobRules
{
    private const string ControllerUid = "controller-uid";
    private const string JobName = "job-name";
    private const string Prefix = "batch.kubernetes.io/";
    private const int MaxIndexedParallelism = 100_000;
    private const int ManyCompletions = 100_000;
    private const int MaxManagedBy = 63;

    private static readonly string[] _modes = ["NonIndexed", "Indexed"];
    private static readonly string[] _replacements = ["Failed", "TerminatingOrFailed"];
    private static readonly string[] _failedOnly = ["Failed"];
    private static readonly string[] _restartPolicies = ["OnFailure", "Never"];

    private static readonly string[] _kept =
        ["selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"];

    public static void ApplyDefaults(JsonObject job)
    {
        var spec = job.Ensure("spec");
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", spec["backoffLimitPerIndex"] is null ? 6 : int.MaxValue);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("manualSelector", false);
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        var template = spec.Part("template");
        if (template.Part("metadata").Part("labels") is { Count: > 0 } labels && job.Metadata().Part("labels") is not { Count: > 0 })
        {
            job.Metadata()["labels"] = labels.DeepClone();
        }

        DefaultPolicy(spec);
        PodDefaults.ApplyTemplate(template);
    }

    /// <summary>What a job and a template of jobs say of failures when their author said nothing.</summary>
    public static void DefaultPolicy(JsonObject spec)
    {
        foreach (var pattern in spec.Part("podFailurePolicy").Objects("rules").SelectMany(rule => rule.Objects("onPodConditions")))
        {
            pattern.DefaultIfZero("status", "True");
        }
    }

    /// <summary>A job's pods are its own by its uid, so that two jobs of one name never share them.</summary>
    public static void Prepare(JsonObject job, JsonObject? stored)
    {
        var spec = job.Ensure("spec");
        if (stored is not null || (spec["manualSelector"] is JsonValue manual && manual.TryGetValue<bool>(out var isManual) && isManual))
        {
            return;
        }

        var labels = spec.Ensure("template").Metadata().Ensure("labels");
        foreach (var prefix in (ReadOnlySpan<string>)["", Prefix])
        {
            labels.Default(prefix + ControllerUid, job.Uid());
            labels.Default(prefix + JobName, job.Name());
        }

        spec.Ensure("selector").Ensure("matchLabels").Default(Prefix + ControllerUid, job.Uid());
    }

    public static void Check(CheckedField job, CheckedField stored)
    {
        var spec = job["spec"];
        if (!stored.IsSet)
        {
            CheckGenerated(job);
        }

        CheckSpec(spec);
        if (!spec["selector"].IsSet)
        {
            spec["selector"].Required();
        }

        spec["selector"].Selector();
        WorkloadRules.CheckMatch(spec["selector"], spec["template"]);
        if (stored.IsSet)
        {
            CheckChange(spec, stored["spec"]);
        }
        else if (spec["completionMode"].Text == "Indexed" && spec["completions"].Number is > 0 and var count)
        {
            var host = $"{job["metadata"]["name"].Text}-{count - 1}";
            if (NameRules.Dns1123Label(host).Count > 0)
            {
                job["metadata"]["name"].Invalid($"will not able to create pod with invalid DNS label: {host}");
            }
        }
    }

    /// <summary>The spec of a job, also of one that is still a template.</summary>
    public static void CheckSpec(CheckedField spec)
    {
        foreach (var field in (ReadOnlySpan<string>)
        [
            "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex",
            "maxFailedIndexes",
        ])
        {
            spec[field].NonNegative();
        }

        if (spec["maxFailedIndexes"].IsSet && !spec["backoffLimitPerIndex"].IsSet)
        {
            spec["backoffLimitPerIndex"].Required("when maxFailedIndexes is specified");
        }

        CheckManagedBy(spec["managedBy"]);
        CheckMode(spec);
        JobPolicyRules.Check(spec);
        var replacement = spec["podReplacementPolicy"];
        replacement.OneOfIfSet(spec["podFailurePolicy"].IsSet ? _failedOnly : _replacements);
        PodRules.CheckTemplate(spec["template"]);
        CheckRestartPolicy(spec);
    }

    private static void CheckManagedBy(CheckedField manager)
    {
        if (!manager.IsSet)
        {
            return;
        }

        manager.DomainPath();
        if (manager.Text.Length > MaxManagedBy)
        {
            manager.TooLong(MaxManagedBy);
        }
    }

    private static void CheckMode(CheckedField spec)
    {
        spec["completionMode"].OneOfIfSet(_modes);
        var most = spec["maxFailedIndexes"];
        if (spec["completionMode"].Text != "Indexed")
        {
            foreach (var field in (ReadOnlySpan<string>)["backoffLimitPerIndex", "maxFailedIndexes"])
            {
                if (spec[field].IsSet)
                {
                    spec[field].Invalid("requires indexed completion mode");
                }
            }

            return;
        }

        if (!spec["completions"].IsSet)
        {
            spec["completions"].Required("when completion mode is Indexed");
        }

        if (spec["parallelism"].Number > MaxIndexedParallelism)
        {
            spec["parallelism"].Invalid($"must be less than or equal to {MaxIndexedParallelism} when completion mode is Indexed");
        }

        if (most.Number > spec["completions"].Number)
        {
            most.Invalid("must be less than or equal to completions");
        }

        if (most.Number > ManyCompletions)
        {
            most.Invalid($"must be less than or equal to {ManyCompletions}");
        }
    }

    private static void CheckRestartPolicy(CheckedField spec)
    {
        var policy = spec["template"]["spec"]["restartPolicy"];
        if (policy.Text is "" or "Always")
        {
            policy.Required("valid values: \"OnFailure\", \"Never\"");
        }
        else if (policy.Text is not ("OnFailure" or "Never"))
        {
            policy.NotSupported(_restartPolicies);
        }
        else if (spec["podFailurePolicy"].IsSet && policy.Text != "Never")
        {
            policy.Invalid("only \"Never\" is supported when podFailurePolicy is specified");
        }
    }

    private static void CheckGenerated(CheckedField job)
    {
        var spec = job["spec"];
        if (spec["manualSelector"].IsTrue)
        {
            return;
        }

        var labels = spec["template"]["metadata"]["labels"];
        foreach (var prefix in (ReadOnlySpan<string>)["", Prefix])
        {
            CheckLabel(labels, prefix + ControllerUid, job["metadata"]["uid"].Text);
            CheckLabel(labels, prefix + JobName, job["metadata"]["name"].Text);
        }

        var own = new JsonObject
        {
            [Prefix + ControllerUid] = job["metadata"]["uid"].Text,
            [Prefix + JobName] = job["metadata"]["name"].Text,
            [ControllerUid] = job["metadata"]["uid"].Text,
            [JobName] = job["metadata"]["name"].Text,
        };
        if (spec["selector"].IsSet && spec["selector"].Selects(labels.Holding(own)) == false)
        {
            spec["selector"].Invalid("`selector` not auto-generated");
        }
    }

    private static void CheckLabel(CheckedField labels, string key, string value)
    {
        if (!labels[key].IsSet)
        {
            labels.Key(key).Required($"must be '{value}'");
        }
        else if (labels[key].Text != value)
        {
            labels.Key(key).Holding(labels.Value).Invalid($"must be '{value}'");
        }
    }

    private static void CheckChange(CheckedField spec, CheckedField stored)
    {
        var isElastic = spec["completionMode"].Text == "Indexed" && spec["completions"].Number == spec["parallelism"].Number;
        if (!isElastic)
        {
            spec["completions"].Unchanged(stored["completions"]);
        }

        foreach (var field in _kept)
        {
            spec[field].Unchanged(stored[field]);
        }

        // A suspended job that never ran may still be told where its pods go.
        var template = spec["template"];
        var before = stored["template"];
        if (stored["suspend"].IsTrue && before.Value is JsonObject old && template.Value is JsonObject wanted)
        {
            before = before.Holding(WithPlacement(old, wanted));
        }

        template.Unchanged(before);
    }

    private static JsonObject WithPlacement(JsonObject before, JsonObject wanted)
    {
        var result = (JsonObject)before.DeepClone();
        var pod = result.Ensure("spec");
        foreach (var field in (ReadOnlySpan<string>)["nodeSelector", "tolerations", "schedulingGates"])
        {
            pod.CopyFrom(wanted.Part("spec"), field);
        }

        result.Metadata().CopyFrom(wanted.Part("metadata"), "labels");
        result.Metadata().CopyFrom(wanted.Part("metadata"), "annotations");
        var affinity = (pod["affinity"] as JsonObject)?.DeepClone() as JsonObject ?? [];
        affinity.CopyFrom(wanted.Part("spec").Part("affinity"), "nodeAffinity");
        pod["affinity"] = affinity;
        if (affinity.Count == 0 && wanted.Part("spec").Part("affinity") is null)
        {
            pod.Remove("affinity");
        }

        return result;
    }
}
