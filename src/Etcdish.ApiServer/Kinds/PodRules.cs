using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Pods, and templates of pods.</summary>
internal static class PodRules
{
    private const string Mirror = "kubernetes.io/config.mirror";
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";
    private const int DefaultGraceSeconds = 30;

    /// <summary>How long a deletion waits for whoever runs the pod.</summary>
    public static long GraceSeconds(JsonObject pod)
    {
        var isIdle = pod.Part("spec").Text("nodeName").Length == 0 || pod.Part("status").Text("phase") is "Failed" or "Succeeded";
        return isIdle ? 0 : pod.Part("spec").Number("terminationGracePeriodSeconds") ?? DefaultGraceSeconds;
    }

    /// <summary>The status with which a pod begins.</summary>
    public static void Prepare(JsonObject pod, JsonObject? stored)
    {
        if (stored is not null)
        {
            return;
        }

        var status = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodResources.Quality(pod.Part("spec")) };
        if (pod.Part("spec").Items("schedulingGates").Any())
        {
            status["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "PodScheduled",
                ["status"] = "False",
                ["lastProbeTime"] = null,
                ["lastTransitionTime"] = null,
                ["reason"] = "SchedulingGated",
                ["message"] = "Scheduling is blocked due to non-empty scheduling gates",
            });
        }

        pod["status"] = status;
    }

    /// <summary>Checks a new or changed pod.</summary>
    public static void Check(CheckedField pod, CheckedField stored)
    {
        var spec = pod["spec"];
        CheckAnnotations(pod["metadata"]["annotations"], spec);
        PodSpecRules.Check(spec, pod["metadata"]["name"].Text, isPod: true);
        ContainerRules.CheckOfPod(spec["containers"]);
        ContainerRules.CheckOfPod(spec["initContainers"]);
        ContainerRules.CheckOfPod(spec["ephemeralContainers"]);
        CheckTokens(spec);
        if (!stored.IsSet)
        {
            CheckNew(spec);
        }
    }

    /// <summary>Checks what a change may change.</summary>
    /// <param name="subresource">The subresource by which it is changed; empty for the pod itself.</param>
    /// <param name="pod">The pod as it is to be.</param>
    /// <param name="stored">The pod as it is.</param>
    public static void CheckChange(string subresource, CheckedField pod, CheckedField stored)
    {
        switch (subresource)
        {
            case "":
                PodUpdateRules.Check(pod["spec"], stored["spec"]);
                break;
            case "status":
                CheckStatus(pod, stored);
                break;
            case "ephemeralcontainers":
                PodUpdateRules.CheckEphemeral(pod["spec"]["ephemeralContainers"], stored["spec"]["ephemeralContainers"]);
                break;
            case "resize":
                PodResizeRules.Check(pod, stored);
                break;
        }
    }

    /// <summary>A template of pods.</summary>
    public static void CheckTemplate(CheckedField template)
    {
        template.Child("labels", template["metadata"]["labels"].Value).Labels();
        var annotations = template.Child("annotations", template["metadata"]["annotations"].Value);
        annotations.Annotations();
        CheckAnnotations(annotations, template["spec"]);
        PodSpecRules.Check(template["spec"], "", isPod: false);
        if (template["spec"]["ephemeralContainers"].Count > 0)
        {
            template["spec"]["ephemeralContainers"].Forbidden("ephemeral containers not allowed in pod template");
        }
    }

    private static void CheckStatus(CheckedField pod, CheckedField stored)
    {
        var status = pod["status"];
        foreach (var condition in status["conditions"].Items)
        {
            if (condition["type"].Text is not ("PodScheduled" or "Ready" or "Initialized"))
            {
                condition["type"].Check(NameRules.QualifiedName);
            }
        }

        status["nominatedNodeName"].CheckIfSet(NameRules.Dns1123Subdomain);
        if (stored["status"]["qosClass"].HasText)
        {
            status["qosClass"].Unchanged(stored["status"]["qosClass"]);
        }

        foreach (var address in status["podIPs"].Items)
        {
            address.Holding(address["ip"].Value).Address();
        }

        if (stored["spec"]["restartPolicy"].Text is var policy && (policy is "Never" or "OnFailure"))
        {
            CheckRestarts(status["containerStatuses"], stored["status"]["containerStatuses"], policy);
        }
    }

    private static void CheckAnnotations(CheckedField annotations, CheckedField spec)
    {
        if (annotations[Mirror].IsSet && !spec["nodeName"].HasText)
        {
            annotations.Key(Mirror).Invalid("must set spec.nodeName if mirror pod annotation is set");
        }

        if (annotations[DeletionCost].IsSet && !int.TryParse(annotations[DeletionCost].Text, out _))
        {
            annotations.Key(DeletionCost).Invalid("must be a 32bit integer");
        }
    }

    private static void CheckTokens(CheckedField spec)
    {
        if (spec["serviceAccountName"].HasText)
        {
            return;
        }

        foreach (var volume in spec["volumes"].Items)
        {
            foreach (var source in volume["projected"]["sources"].Items)
            {
                if (source["serviceAccountToken"].IsSet)
                {
                    source["serviceAccountToken"].Forbidden("must not be specified when serviceAccountName is not set");
                }
            }
        }
    }

    private static void CheckNew(CheckedField spec)
    {
        if (spec["ephemeralContainers"].Count > 0)
        {
            spec["ephemeralContainers"].Forbidden("cannot be set on create");
        }

        if (spec["nodeName"].HasText && spec["schedulingGates"].Count > 0)
        {
            spec["nodeName"].Forbidden("cannot be set until all schedulingGates have been cleared");
        }
    }

    private static void CheckRestarts(CheckedField statuses, CheckedField stored, string policy)
    {
        for (var i = 0; i < stored.Count; i++)
        {
            var ended = stored[i]["state"]["terminated"];
            if (!ended.IsSet || (policy == "OnFailure" && ended["exitCode"].Number is not (null or 0)))
            {
                continue;
            }

            foreach (var status in statuses.Items)
            {
                if (status["name"].Text == stored[i]["name"].Text && !status["state"]["terminated"].IsSet)
                {
                    statuses[i]["state"].Forbidden("may not be transitioned to non-terminated state");
                }
            }
        }
    }
}
