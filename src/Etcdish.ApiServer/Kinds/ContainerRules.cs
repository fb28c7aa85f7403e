using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The containers of a pod: those that run, those that prepare, and those that look in later.</summary>
internal static class ContainerRules
{
    private static readonly string[] _protocols = ["SCTP", "TCP", "UDP"];
    private static readonly string[] _pullPolicies = ["Always", "IfNotPresent", "Never"];
    private static readonly string[] _messagePolicies = ["File", "FallbackToLogsOnError"];
    private static readonly string[] _restartPolicies = ["Always", "Never", "OnFailure"];
    private static readonly string[] _resizable = ["cpu", "memory"];
    private static readonly string[] _resizePolicies = ["NotRequired", "RestartContainer"];
    private static readonly string[] _runningOnly = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
    private static readonly string[] _notEphemeral =
        ["ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "restartPolicy"];

    /// <summary>All containers of a pod or template.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="volumes">Its good volumes, by name.</param>
    public static void Check(CheckedField spec, Dictionary<string, CheckedField> volumes)
    {
        var containers = spec["containers"];
        if (containers.Count == 0)
        {
            containers.Required();
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var container in containers.Items)
        {
            CheckRunning(spec, container, volumes, names);
        }

        CheckHostPorts(containers);
        foreach (var container in spec["initContainers"].Items)
        {
            CheckInit(spec, container, volumes, names);
        }

        var others = new HashSet<string>(names, StringComparer.Ordinal);
        foreach (var container in spec["ephemeralContainers"].Items)
        {
            CheckEphemeral(spec, container, volumes, names, others);
        }
    }

    /// <summary>What holds for the containers of pods, but not for those of templates.</summary>
    public static void CheckOfPod(CheckedField containers)
    {
        foreach (var container in containers.Items)
        {
            var image = container["image"];
            if (image.Text.Trim().Length != image.Text.Length)
            {
                image.Invalid("must not have leading or trailing whitespace", image.Text);
            }
        }
    }

    private static void CheckRunning(
        CheckedField spec, CheckedField container, Dictionary<string, CheckedField> volumes, HashSet<string> names)
    {
        CheckAny(spec, container, volumes);
        if (!names.Add(container["name"].Text))
        {
            container["name"].Duplicate(container["name"].Text);
        }

        HandlerRules.Check(container, spec["terminationGracePeriodSeconds"].Number);
        container["restartPolicy"].OneOfIfSet(_restartPolicies);
    }

    private static void CheckInit(
        CheckedField spec, CheckedField container, Dictionary<string, CheckedField> volumes, HashSet<string> names)
    {
        CheckAny(spec, container, volumes);
        container["restartPolicy"].OneOfIfSet(_restartPolicies);
        if (container["name"].HasText && !names.Add(container["name"].Text))
        {
            container["name"].Duplicate();
        }

        if (container["restartPolicy"].Text == "Always")
        {
            HandlerRules.Check(container, spec["terminationGracePeriodSeconds"].Number);
            return;
        }

        foreach (var field in _runningOnly)
        {
            if (container[field].IsSet)
            {
                container[field].Forbidden("may not be set for init containers without restartPolicy=Always");
            }
        }
    }

    private static void CheckEphemeral(
        CheckedField spec, CheckedField container, Dictionary<string, CheckedField> volumes, HashSet<string> names, HashSet<string> others)
    {
        const string NotThere = "cannot be set for an Ephemeral Container";
        CheckAny(spec, container, volumes);
        if (!names.Add(container["name"].Text))
        {
            container["name"].Duplicate(container["name"].Text);
        }

        var target = container["targetContainerName"];
        if (target.HasText && !others.Contains(target.Text))
        {
            target.NotFound();
        }

        foreach (var field in _notEphemeral)
        {
            if (container[field].IsSet)
            {
                container[field].Forbidden(NotThere);
            }
        }

        if (container["resources"].Count > 0)
        {
            container["resources"].Forbidden(NotThere);
        }

        foreach (var mount in container["volumeMounts"].Items)
        {
            foreach (var field in (ReadOnlySpan<string>)["subPath", "subPathExpr"])
            {
                if (mount[field].HasText)
                {
                    mount[field].Forbidden(NotThere);
                }
            }
        }
    }

    private static void CheckAny(CheckedField spec, CheckedField container, Dictionary<string, CheckedField> volumes)
    {
        container["name"].RequireAnd(NameRules.Dns1123Label);
        container["image"].RequireText();
        container["terminationMessagePolicy"].RequireOneOf(_messagePolicies);
        CheckPorts(container["ports"]);
        EnvironmentRules.Check(container);
        MountRules.Check(container, volumes);
        container["imagePullPolicy"].RequireOneOf(_pullPolicies);
        CheckResources(spec, container["resources"]);
        CheckResize(spec, container["resizePolicy"]);
        SecurityRules.CheckContainer(container["securityContext"], hasHostUsers: !spec["hostUsers"].IsFalse);
    }

    private static void CheckPorts(CheckedField ports)
    {
        for (var i = 0; i < ports.Count; i++)
        {
            var port = ports[i];
            if (port["name"].HasText)
            {
                CheckPortName(ports, i);
            }

            if ((port["containerPort"].Number ?? 0) == 0)
            {
                port["containerPort"].Required();
            }
            else
            {
                port["containerPort"].PortNumber();
            }

            if ((port["hostPort"].Number ?? 0) != 0)
            {
                port["hostPort"].PortNumber();
            }

            port["protocol"].RequireOneOf(_protocols);
            if (port["hostIP"].HasText)
            {
                port["hostIP"].Address();
            }
        }
    }

    private static void CheckPortName(CheckedField ports, int at)
    {
        var name = ports[at]["name"];
        if (NameRules.PortName(name.Text).Count > 0)
        {
            name.Check(NameRules.PortName);
            return;
        }

        for (var i = 0; i < at; i++)
        {
            if (ports[i]["name"].Text == name.Text)
            {
                name.Duplicate();
                return;
            }
        }
    }

    /// <summary>No two containers that run together have one port of their node.</summary>
    private static void CheckHostPorts(CheckedField containers)
    {
        HashSet<string>? taken = null;
        foreach (var container in containers.Items)
        {
            foreach (var port in container["ports"].Items)
            {
                if (port["hostPort"].Number is null or 0)
                {
                    continue;
                }

                var place = $"{port["protocol"].Text}/{port["hostIP"].Text}/{port["hostPort"].Number}";
                if (!(taken ??= new(StringComparer.Ordinal)).Add(place))
                {
                    port["hostPort"].Duplicate(place);
                }
            }
        }
    }

    private static void CheckResources(CheckedField spec, CheckedField resources)
    {
        if (resources.Count == 0)
        {
            return;
        }

        resources.ResourceRequirements(static (field, name) => field.ContainerResourceName(name));
        foreach (var claim in resources["claims"].Items)
        {
            if (!claim["name"].HasText)
            {
                claim.Required();
            }
            else if (!IsClaimOfPod(spec, claim["name"].Text))
            {
                claim.Add(
                    "FieldValueNotFound",
                    $"Not found: \"{claim["name"].Text}\": must be one of the names in pod.spec.resourceClaims{Known(spec)}");
            }
        }
    }

    private static bool IsClaimOfPod(CheckedField spec, string name)
    {
        foreach (var claim in spec["resourceClaims"].Items)
        {
            if (claim["name"].Text == name)
            {
                return true;
            }
        }

        return false;
    }

    private static string Known(CheckedField spec)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var claim in spec["resourceClaims"].Items)
        {
            names.Add(claim["name"].Text);
        }

        return names.Count == 0 ? " which is empty" : ": " + string.Join(", ", names);
    }

    private static void CheckResize(CheckedField spec, CheckedField policies)
    {
        for (var i = 0; i < policies.Count; i++)
        {
            var resource = policies[i]["resourceName"];
            var policy = policies[i]["restartPolicy"];
            for (var j = 0; j < i; j++)
            {
                if (policies[j]["resourceName"].Text == resource.Text)
                {
                    policies[i].Duplicate(resource.Text);
                    break;
                }
            }

            policies.Holding(resource.Value).RequireOneOf(_resizable);
            policies.Holding(policy.Value).RequireOneOf(_resizePolicies);
            if (spec["restartPolicy"].Text == "Never" && policy.Text != "NotRequired")
            {
                policies.Invalid("must be 'NotRequired' when `restartPolicy` is 'Never'", policy.Text);
            }
        }
    }
}
