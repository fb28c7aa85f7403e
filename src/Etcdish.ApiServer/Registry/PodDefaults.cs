using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// What a pod says when its author said nothing. Templates get the same, less what belongs to a pod alone: a default added to
/// templates later would change the hash of every stored one and roll every workload.
/// </summary>
internal static class PodDefaults
{
    public static void ApplyPod(JsonObject pod)
    {
        if (pod.Part("spec") is { } spec)
        {
            ApplySpec(spec);
            spec.Default("enableServiceLinks", true);
            foreach (var container in AllContainers(spec))
            {
                DefaultRequests(container);
            }
        }
    }

    public static void PreparePod(JsonObject pod, JsonObject? stored)
    {
        if (stored is null)
        {
            pod["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = Quality(pod.Part("spec")) };
        }
    }

    public static void ValidatePod(JsonObject pod, JsonObject? stored, List<FieldError> errors) =>
        ValidateSpec(pod.Part("spec"), "spec", errors);

    /// <summary>The defaults that pods and templates share.</summary>
    public static void ApplySpec(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.Default("schedulerName", "default-scheduler");
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
        {
            spec.Default("serviceAccount", account);
        }

        foreach (var container in AllContainers(spec))
        {
            ApplyContainer(container);
        }

        foreach (var volume in spec.Items("volumes").OfType<JsonObject>())
        {
            ApplyVolume(volume);
        }
    }

    /// <summary>The rules that users hit most often.</summary>
    public static void ValidateSpec(JsonObject? spec, string path, List<FieldError> errors)
    {
        var containers = spec.Items("containers").OfType<JsonObject>().ToArray();
        if (containers.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.containers"));
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < containers.Length; i++)
        {
            var at = $"{path}.containers[{i}]";
            var name = containers[i].Text("name");
            if (name.Length == 0)
            {
                errors.Add(FieldError.Required($"{at}.name"));
            }
            else if (!names.Add(name))
            {
                errors.Add(new FieldError($"{at}.name", "FieldValueDuplicate", $"Duplicate value: \"{name}\""));
            }
            else
            {
                errors.AddRange(NameRules.Dns1123Label(name).Select(e => FieldError.Invalid($"{at}.name", name, e)));
            }

            if (containers[i].Text("image").Length == 0)
            {
                errors.Add(FieldError.Required($"{at}.image"));
            }
        }
    }

    private static IEnumerable<JsonObject> AllContainers(JsonObject spec) =>
        spec.Items("initContainers").Concat(spec.Items("containers")).Concat(spec.Items("ephemeralContainers")).OfType<JsonObject>();

    private static void ApplyContainer(JsonObject container)
    {
        container.Default("resources", new JsonObject());
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        var image = container.Text("image");
        var tag = image[(image.LastIndexOf('/') + 1)..];
        var isLatest = !tag.Contains('@', StringComparison.Ordinal)
            && (!tag.Contains(':', StringComparison.Ordinal) || tag.EndsWith(":latest", StringComparison.Ordinal));
        container.Default("imagePullPolicy", isLatest ? "Always" : "IfNotPresent");
        foreach (var port in container.Items("ports").OfType<JsonObject>())
        {
            port.Default("protocol", "TCP");
        }

        foreach (var probe in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Part(probe) is { } found)
            {
                ApplyProbe(found);
            }
        }

        foreach (var variable in container.Items("env").OfType<JsonObject>())
        {
            variable.Part("valueFrom").Part("fieldRef")?.Default("apiVersion", "v1");
        }
    }

    private static void ApplyProbe(JsonObject probe)
    {
        probe.Default("timeoutSeconds", 1);
        probe.Default("periodSeconds", 10);
        probe.Default("successThreshold", 1);
        probe.Default("failureThreshold", 3);
        if (probe.Part("httpGet") is { } get)
        {
            get.Default("path", "/");
            get.Default("scheme", "HTTP");
        }

        probe.Part("grpc")?.Default("service", "");
    }

    private static void ApplyVolume(JsonObject volume)
    {
        const int ReadableByAll = 420;
        foreach (var kind in new[] { "secret", "configMap", "projected", "downwardAPI" })
        {
            volume.Part(kind)?.Default("defaultMode", ReadableByAll);
        }

        volume.Part("hostPath")?.Default("type", "");
        if (!volume.Any(part => part.Key != "name"))
        {
            volume["emptyDir"] = new JsonObject();
        }
    }

    /// <summary>A limit without a request is one.</summary>
    private static void DefaultRequests(JsonObject container)
    {
        var resources = container.Part("resources");
        foreach (var (name, amount) in resources.Part("limits") ?? [])
        {
            resources!.Ensure("requests").Default(name, amount!.DeepClone());
        }
    }

    private static string Quality(JsonObject? spec)
    {
        var containers = spec is null ? [] : AllContainers(spec).ToArray();
        var isGuaranteed = containers.Length > 0;
        var isBestEffort = true;
        foreach (var container in containers)
        {
            foreach (var resource in new[] { "cpu", "memory" })
            {
                var limit = Amount(container, "limits", resource);
                var request = Amount(container, "requests", resource);
                isBestEffort &= limit.IsZero && request.IsZero;
                isGuaranteed &= !limit.IsZero && limit == request;
            }
        }

        return isBestEffort ? "BestEffort" : isGuaranteed ? "Guaranteed" : "Burstable";
    }

    private static Quantity Amount(JsonObject container, string what, string resource) =>
        Quantity.TryParse(container.Part("resources").Part(what).Text(resource), out var amount) ? amount : default;
}
