using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Kinds;

/// <summary>
/// What a pod says when its author said nothing. Templates get the same, less what belongs to a pod alone: a default added to
/// templates later would change the hash of every stored one and roll every workload.
/// </summary>
internal static class PodDefaults
{
    private static readonly string[] _containerLists = ["initContainers", "containers", "ephemeralContainers"];
    private static readonly string[] _probes = ["livenessProbe", "readinessProbe", "startupProbe"];
    private static readonly string[] _hooks = ["postStart", "preStop"];

    /// <summary>The defaults of a pod.</summary>
    public static void ApplyPod(JsonObject pod)
    {
        if (pod.Part("spec") is not { } spec)
        {
            return;
        }

        ApplySpec(spec);
        spec.Default("enableServiceLinks", true);
        foreach (var list in _containerLists)
        {
            foreach (var container in spec.Objects(list))
            {
                RequestWhatIsLimited(container, list);
            }
        }

        PodResourceDefaults.Apply(spec);
        if (spec["hostNetwork"] is JsonValue host && host.TryGetValue<bool>(out var isHost) && isHost)
        {
            foreach (var port in spec.Objects("containers").Concat(spec.Objects("initContainers")).SelectMany(c => c.Objects("ports")))
            {
                if (port["containerPort"] is { } number)
                {
                    port.DefaultIfZero("hostPort", number.DeepClone());
                }
            }
        }
    }

    /// <summary>The defaults of a template, if it has a spec.</summary>
    public static void ApplyTemplate(JsonObject? template)
    {
        if (template.Part("spec") is { } spec)
        {
            ApplySpec(spec);
        }
    }

    /// <summary>All containers of all sorts.</summary>
    public static IEnumerable<JsonObject> AllContainers(JsonObject spec) => _containerLists.SelectMany(list => spec.Objects(list));

    /// <summary>The defaults that pods and templates share.</summary>
    private static void ApplySpec(JsonObject spec)
    {
        spec.DefaultIfZero("restartPolicy", "Always");
        spec.Default("terminationGracePeriodSeconds", 30);
        spec.DefaultIfZero("dnsPolicy", "ClusterFirst");
        spec.Default("securityContext", new JsonObject());
        spec.DefaultIfZero("schedulerName", "default-scheduler");
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
        {
            spec["serviceAccount"] = account;
        }
        else if (spec.Text("serviceAccount") is { Length: > 0 } alias)
        {
            spec["serviceAccountName"] = alias;
        }

        foreach (var list in _containerLists)
        {
            foreach (var container in spec.Objects(list))
            {
                ApplyContainer(container);
            }
        }

        foreach (var volume in spec.Objects("volumes"))
        {
            VolumeDefaults.Apply(volume);
        }
    }

    private static void ApplyContainer(JsonObject container)
    {
        container.Default("resources", new JsonObject());
        container.DefaultIfZero("terminationMessagePath", "/dev/termination-log");
        container.DefaultIfZero("terminationMessagePolicy", "File");
        container.DefaultIfZero("imagePullPolicy", PullPolicy(container.Text("image")));
        foreach (var port in container.Objects("ports"))
        {
            port.DefaultIfZero("protocol", "TCP");
        }

        foreach (var name in _probes)
        {
            if (container.Part(name) is { } probe)
            {
                ApplyProbe(probe);
            }
        }

        foreach (var hook in _hooks)
        {
            ApplyHttpGet(container.Part("lifecycle").Part(hook).Part("httpGet"));
        }

        foreach (var variable in container.Objects("env"))
        {
            ApplyReferences(variable.Part("valueFrom"));
        }
    }

    /// <summary>An image that may change under its name is pulled each time.</summary>
    public static string PullPolicy(string image)
    {
        var tag = image[(image.LastIndexOf('/') + 1)..];
        var isMoving = !tag.Contains('@', StringComparison.Ordinal)
            && (!tag.Contains(':', StringComparison.Ordinal) || tag.EndsWith(":latest", StringComparison.Ordinal));
        return isMoving ? "Always" : "IfNotPresent";
    }

    /// <summary>References to fields of the pod itself, of variables and of files.</summary>
    public static void ApplyReferences(JsonObject? source)
    {
        source.Part("fieldRef")?.DefaultIfZero("apiVersion", "v1");
        source.Part("resourceFieldRef")?.DefaultIfZero("divisor", "0");
    }

    private static void ApplyProbe(JsonObject probe)
    {
        probe.DefaultIfZero("timeoutSeconds", 1);
        probe.DefaultIfZero("periodSeconds", 10);
        probe.DefaultIfZero("successThreshold", 1);
        probe.DefaultIfZero("failureThreshold", 3);
        ApplyHttpGet(probe.Part("httpGet"));
        probe.Part("grpc")?.Default("service", "");
    }

    private static void ApplyHttpGet(JsonObject? get)
    {
        get?.DefaultIfZero("path", "/");
        get?.DefaultIfZero("scheme", "HTTP");
    }

    /// <summary>A limit without a request is one.</summary>
    private static void RequestWhatIsLimited(JsonObject container, string list)
    {
        if (list == "ephemeralContainers" || container.Part("resources") is not { } resources || resources.Part("limits") is not { } limits)
        {
            return;
        }

        foreach (var (name, amount) in limits)
        {
            if (amount is not null)
            {
                resources.Ensure("requests").Default(name, amount.DeepClone());
            }
        }
    }
}
