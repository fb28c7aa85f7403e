using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>What the kinds that keep pods running have in common, and the simplest of them.</summary>
internal static class WorkloadRules
{
    private const string Mismatch = "`selector` does not match template `labels`";

    private static readonly string[] _always = ["Always"];

    /// <summary>The defaults of a ReplicaSet.</summary>
    public static void DefaultReplicaSet(JsonObject set)
    {
        var spec = set.Ensure("spec");
        spec.Default("replicas", 1);
        PodDefaults.ApplyTemplate(spec.Part("template"));
    }

    /// <summary>The defaults of a ReplicationController: unlike newer kinds it takes its selector from its template.</summary>
    public static void DefaultReplicationController(JsonObject controller)
    {
        var spec = controller.Ensure("spec");
        spec.Default("replicas", 1);
        if (spec.Part("template").Part("metadata").Part("labels") is { Count: > 0 } labels)
        {
            if (spec.Part("selector") is not { Count: > 0 })
            {
                spec["selector"] = labels.DeepClone();
            }

            if (controller.Metadata().Part("labels") is not { Count: > 0 })
            {
                controller.Metadata()["labels"] = labels.DeepClone();
            }
        }

        PodDefaults.ApplyTemplate(spec.Part("template"));
    }

    public static void CheckReplicaSet(CheckedField set, CheckedField stored)
    {
        var spec = set["spec"];
        spec["replicas"].NonNegative();
        spec["minReadySeconds"].NonNegative();
        CheckSelector(spec, "deployment");
        CheckTemplate(spec);
        CheckSelectorIsKept(spec, stored);
    }

    public static void CheckReplicationController(CheckedField controller, CheckedField stored)
    {
        var spec = controller["spec"];
        spec["minReadySeconds"].NonNegative();
        spec["replicas"].NonNegative();
        if (spec["selector"].Count == 0)
        {
            spec["selector"].Required();
        }

        var template = spec["template"];
        if (!template.IsSet)
        {
            template.Required();
            return;
        }

        foreach (var (key, value) in spec["selector"].Entries)
        {
            if (template["metadata"]["labels"][key].Text != value.Text)
            {
                template["metadata"]["labels"].Invalid(Mismatch);
                break;
            }
        }

        PodRules.CheckTemplate(template);
        template["spec"]["restartPolicy"].OneOf(_always);
        if (template["spec"]["activeDeadlineSeconds"].IsSet)
        {
            template["spec"]["activeDeadlineSeconds"].Forbidden("activeDeadlineSeconds in ReplicationController is not Supported");
        }
    }

    public static void CheckControllerRevision(CheckedField revision, CheckedField stored)
    {
        if (!revision["data"].IsSet)
        {
            revision["data"].Required("data is mandatory");
        }

        revision["revision"].NonNegative();
        if (stored.IsSet)
        {
            revision["data"].Unchanged(stored["data"]);
        }
    }

    /// <summary>The selector must be there, be sound and select something in particular.</summary>
    public static void CheckSelector(CheckedField spec, string kind)
    {
        var selector = spec["selector"];
        if (!selector.IsSet)
        {
            selector.Required();
            return;
        }

        selector.Selector();
        if (selector.SelectsAll())
        {
            selector.Invalid($"empty selector is invalid for {kind}");
        }
    }

    /// <summary>The template must make pods that are selected and keep running.</summary>
    public static void CheckTemplate(CheckedField spec)
    {
        var template = spec["template"];
        CheckMatch(spec["selector"], template);
        PodRules.CheckTemplate(template);
        CheckKeepsRunning(template["spec"]);
    }

    /// <summary>What is selected cannot change: there are pods already.</summary>
    public static void CheckSelectorIsKept(CheckedField spec, CheckedField stored)
    {
        if (stored.IsSet)
        {
            spec["selector"].Unchanged(stored["spec"]["selector"]);
        }
    }

    public static void CheckMatch(CheckedField selector, CheckedField template)
    {
        var labels = template["metadata"]["labels"];
        if (!selector.SelectsAll() && selector.Selects(labels) == false)
        {
            labels.Invalid(Mismatch);
        }
    }

    private static void CheckKeepsRunning(CheckedField pod)
    {
        pod["restartPolicy"].OneOf(_always);
        if (pod["activeDeadlineSeconds"].IsSet)
        {
            pod["activeDeadlineSeconds"].Forbidden("activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }
}
