using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Jobs;

/// <summary>Makes the pods of jobs.</summary>
internal static class JobPodMaker
{
    private const string IndexVariable = "JOB_COMPLETION_INDEX";

    /// <summary>The longest name before the server adds its five characters.</summary>
    private const int MaxGenerateName = 58;

    private static readonly string[] _containers = ["initContainers", "containers"];

    /// <summary>A pod of a job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="index">Its index; null: the job has no such.</param>
    /// <param name="replaced">The failed pod that it replaces, where indexes count failures.</param>
    public static JsonObject Make(Job job, int? index, Pod? replaced)
    {
        var pod = job.Spec.Template.MakePod(Resources.Jobs, job, index is { } i ? GenerateName(job.Metadata.Name, i) : null);
        var metadata = pod["metadata"]!.AsObject();
        var finalizers = List(metadata, "finalizers");
        if (!finalizers.Any(f => f?.GetValue<string>() == JobPods.Finalizer))
        {
            finalizers.Add(JobPods.Finalizer);
        }

        if (index is { } number)
        {
            SetIndex(pod, job, number, replaced);
        }

        return pod;
    }

    private static void SetIndex(JsonObject pod, Job job, int index, Pod? replaced)
    {
        var text = index.ToString(CultureInfo.InvariantCulture);
        var annotations = Part(pod["metadata"]!.AsObject(), "annotations");
        annotations[JobPods.CompletionIndex] = text;
        Part(pod["metadata"]!.AsObject(), "labels")[JobPods.CompletionIndex] = text;
        if (job.Spec.BackoffLimitPerIndex is not null)
        {
            SetFailures(annotations, job, replaced);
        }

        var spec = pod["spec"]!.AsObject();
        spec["hostname"] = $"{job.Metadata.Name}-{text}";
        foreach (var container in _containers.SelectMany(list => spec[list] as JsonArray ?? []).OfType<JsonObject>())
        {
            AddVariable(container);
        }
    }

    private static void SetFailures(JsonObject annotations, Job job, Pod? replaced)
    {
        var (failures, ignored) = (replaced?.FailuresBefore() ?? 0, replaced?.IgnoredFailuresBefore() ?? 0);
        if (replaced is not null)
        {
            var counts = FailureRules.Judge(job.Spec.PodFailurePolicy, replaced).Counts;
            (failures, ignored) = counts ? (failures + 1, ignored) : (failures, ignored + 1);
        }

        annotations[JobPods.FailureCount] = failures.ToString(CultureInfo.InvariantCulture);
        if (ignored > 0)
        {
            annotations[JobPods.IgnoredFailureCount] = ignored.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static void AddVariable(JsonObject container)
    {
        var variables = List(container, "env");
        if (!variables.Any(v => v?["name"]?.GetValue<string>() == IndexVariable))
        {
            variables.Add(new JsonObject
            {
                ["name"] = IndexVariable,
                ["valueFrom"] = new JsonObject
                {
                    ["fieldRef"] = new JsonObject { ["fieldPath"] = $"metadata.labels['{JobPods.CompletionIndex}']" },
                },
            });
        }
    }

    private static string GenerateName(string job, int index)
    {
        var end = string.Create(CultureInfo.InvariantCulture, $"-{index}-");
        return job[..Math.Min(job.Length, MaxGenerateName - end.Length)] + end;
    }

    private static JsonObject Part(JsonObject value, string name)
    {
        if (value[name] is not JsonObject part)
        {
            value[name] = part = [];
        }

        return part;
    }

    private static JsonArray List(JsonObject value, string name)
    {
        if (value[name] is not JsonArray list)
        {
            value[name] = list = [];
        }

        return list;
    }
}
