using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>Defaults and the first checks of the kinds that run pods.</summary>
internal static class WorkloadDefaults
{
    public static void Apply(string kind, JsonObject workload)
    {
        var spec = workload.Ensure("spec");
        switch (kind)
        {
            case "Deployment":
                spec.Default("replicas", 1);
                spec.Default("revisionHistoryLimit", 10);
                spec.Default("progressDeadlineSeconds", 600);
                RollingUpdate(spec.Ensure("strategy"), "25%", "25%");
                break;
            case "StatefulSet":
                spec.Default("replicas", 1);
                spec.Default("revisionHistoryLimit", 10);
                spec.Default("podManagementPolicy", "OrderedReady");
                spec.Ensure("updateStrategy").Default("type", "RollingUpdate");
                if (spec.Part("updateStrategy").Text("type") == "RollingUpdate")
                {
                    spec.Part("updateStrategy")!.Ensure("rollingUpdate").Default("partition", 0);
                }

                break;
            case "DaemonSet":
                spec.Default("revisionHistoryLimit", 10);
                RollingUpdate(spec.Ensure("updateStrategy"), 0, 1);
                break;
            case "ReplicaSet":
                spec.Default("replicas", 1);
                break;
            case "ReplicationController":
                PrepareReplicationController(workload, spec);
                break;
            case "Job":
                PrepareJob(workload, spec);
                break;
            case "CronJob":
                spec.Default("concurrencyPolicy", "Allow");
                spec.Default("suspend", false);
                spec.Default("successfulJobsHistoryLimit", 3);
                spec.Default("failedJobsHistoryLimit", 1);
                break;
        }

        if (Template(workload).Part("spec") is { } pod)
        {
            PodDefaults.ApplySpec(pod);
        }
    }

    public static void Validate(JsonObject workload, JsonObject? stored, List<FieldError> errors)
    {
        var spec = workload.Part("spec");
        var template = Template(workload);
        var path = spec.Part("jobTemplate") is null ? "spec.template" : "spec.jobTemplate.spec.template";
        PodDefaults.ValidateSpec(template.Part("spec"), $"{path}.spec", errors);
        if (workload.Text("kind") is not ("Deployment" or "StatefulSet" or "DaemonSet" or "ReplicaSet"))
        {
            return;
        }

        if (spec.Part("selector") is not { } selector)
        {
            errors.Add(FieldError.Required("spec.selector"));
            return;
        }

        CheckSelector(selector, template, errors);
        if (stored is not null && !JsonNode.DeepEquals(selector, stored.Part("spec").Part("selector")))
        {
            errors.Add(new FieldError("spec.selector", "FieldValueInvalid", $"Invalid value: {selector.ToJsonString()}: field is immutable"));
        }
    }

    private static void CheckSelector(JsonObject selector, JsonObject? template, List<FieldError> errors)
    {
        try
        {
            var parsed = LabelSelector.FromObject(selector);
            if (!parsed.Matches(template.Part("metadata").Part("labels")))
            {
                var labels = template.Part("metadata").Part("labels")?.ToJsonString() ?? "null";
                errors.Add(new FieldError(
                    "spec.template.metadata.labels", "FieldValueInvalid", $"Invalid value: {labels}: `selector` does not match template `labels`"));
            }
        }
        catch (SelectorException e)
        {
            errors.Add(new FieldError("spec.selector", "FieldValueInvalid", $"Invalid value: {selector.ToJsonString()}: {e.Message}"));
        }
    }

    private static JsonObject? Template(JsonObject workload)
    {
        var spec = workload.Part("spec");
        return spec.Part("jobTemplate") is { } job ? job.Part("spec").Part("template") : spec.Part("template");
    }

    private static void RollingUpdate(JsonObject strategy, JsonNode maxSurge, JsonNode maxUnavailable)
    {
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Default("maxSurge", maxSurge);
            rolling.Default("maxUnavailable", maxUnavailable);
        }
    }

    private static void PrepareReplicationController(JsonObject workload, JsonObject spec)
    {
        spec.Default("replicas", 1);
        if (Template(workload).Part("metadata").Part("labels") is { } labels)
        {
            spec.Default("selector", labels.DeepClone());
        }
    }

    private static void PrepareJob(JsonObject job, JsonObject spec)
    {
        if (spec["completions"] is null && spec["parallelism"] is null)
        {
            spec["completions"] = 1;
        }

        spec.Default("parallelism", 1);
        spec.Default("backoffLimit", 6);
        spec.Default("completionMode", "NonIndexed");
        spec.Default("suspend", false);
        spec.Default("podReplacementPolicy", "TerminatingOrFailed");
        if (spec["manualSelector"]?.GetValue<bool>() == true || job.Uid().Length == 0)
        {
            return;
        }

        // A job's pods are its own by its uid, so that two jobs of one name never share them.
        spec.Default("selector", new JsonObject
        {
            ["matchLabels"] = new JsonObject { ["batch.kubernetes.io/controller-uid"] = job.Uid() },
        });
        var labels = spec.Ensure("template").Metadata().Ensure("labels");
        foreach (var prefix in new[] { "batch.kubernetes.io/", "" })
        {
            labels.Default($"{prefix}controller-uid", job.Uid());
            labels.Default($"{prefix}job-name", job.Name());
        }
    }
}
