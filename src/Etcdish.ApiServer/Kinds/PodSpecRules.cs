using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>The spec of a pod, in a pod or in a template.</summary>
internal static class PodSpecRules
{
    private static readonly string[] _restartPolicies = ["Always", "OnFailure", "Never"];
    private static readonly string[] _dnsPolicies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    private static readonly string[] _preemption = ["PreemptLowerPriority", "Never"];
    private static readonly string[] _systems = ["linux", "windows"];

    /// <summary>Checks a pod's spec.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="pod">The name of the pod; empty for a template.</param>
    /// <param name="isPod">Whether it is the spec of a pod itself.</param>
    public static void Check(CheckedField spec, string pod, bool isPod)
    {
        if (!spec["terminationGracePeriodSeconds"].IsSet)
        {
            spec["terminationGracePeriodSeconds"].Required();
        }

        var volumes = VolumeRules.Check(spec["volumes"], pod);
        CheckClaims(spec["resourceClaims"]);
        ContainerRules.Check(spec, volumes);
        CheckOwnResources(spec);
        CheckHostNetwork(spec, isPod);
        spec["restartPolicy"].RequireOneOf(_restartPolicies);
        spec["dnsPolicy"].RequireOneOf(_dnsPolicies);
        spec["nodeSelector"].Labels();
        SecurityRules.CheckPod(spec);
        SchedulingRules.CheckAffinity(spec["affinity"]);
        DnsRules.Check(spec);
        CheckGates(spec);
        SchedulingRules.CheckSpread(spec["topologySpreadConstraints"]);
        SecurityRules.CheckHostUsers(spec);
        CheckNames(spec);
        SchedulingRules.CheckTolerations(spec["tolerations"]);
        CheckRest(spec);
    }

    private static void CheckNames(CheckedField spec)
    {
        spec["serviceAccountName"].CheckIfSet(NameRules.Dns1123Subdomain);
        spec["nodeName"].CheckIfSet(NameRules.Dns1123Subdomain);
        if (spec["activeDeadlineSeconds"].IsSet)
        {
            spec["activeDeadlineSeconds"].Between(1, int.MaxValue, CommonChecks.InclusiveRange(1, int.MaxValue));
        }

        spec["hostname"].CheckIfSet(NameRules.Dns1123Label);
        spec["subdomain"].CheckIfSet(NameRules.Dns1123Label);
    }

    private static void CheckRest(CheckedField spec)
    {
        spec["priorityClassName"].CheckIfSet(NameRules.Dns1123Subdomain);
        if (spec["runtimeClassName"].IsSet)
        {
            spec["runtimeClassName"].Check(NameRules.Dns1123Subdomain);
        }

        if (spec["preemptionPolicy"].IsSet)
        {
            spec["preemptionPolicy"].RequireOneOf(_preemption);
        }

        foreach (var (name, amount) in spec["overhead"].Entries)
        {
            var place = spec["overhead"]["limits"].Holding(spec["overhead"].Value).Key(name);
            place.ContainerResourceName(name);
            place.ResourceAmount(name);
        }

        if (spec["os"].IsSet && spec["os"]["name"].RequireText("cannot be empty"))
        {
            spec.Child("os", spec["os"]["name"].Value).OneOf(_systems);
        }
    }

    private static void CheckClaims(CheckedField claims)
    {
        for (var i = 0; i < claims.Count; i++)
        {
            var name = claims[i]["name"];
            name.RequireAnd(NameRules.Dns1123Label);
            for (var j = 0; j < i; j++)
            {
                if (name.HasText && claims[j]["name"].Text == name.Text)
                {
                    name.Duplicate();
                    break;
                }
            }

            var hasClaim = claims[i]["resourceClaimName"].IsSet;
            var hasTemplate = claims[i]["resourceClaimTemplateName"].IsSet;
            if (hasClaim && hasTemplate)
            {
                claims[i].Invalid("at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
            }
            else if (!hasClaim && !hasTemplate)
            {
                claims[i].Invalid("must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
            }
        }
    }

    /// <summary>What the pod asks for as a whole must do for its containers.</summary>
    private static void CheckOwnResources(CheckedField spec)
    {
        var resources = spec["resources"];
        if (resources.Count == 0 || spec.Value is not System.Text.Json.Nodes.JsonObject value)
        {
            return;
        }

        resources.ResourceRequirements(static (field, name) => field.ResourceName(name));
        var requested = PodResources.SumOfContainers(value, "requests");
        foreach (var resource in (ReadOnlySpan<string>)["cpu", "memory"])
        {
            var request = resources["requests"].Key(resource);
            if (requested.TryGetValue(resource, out var total) && total > (request.Amount() ?? default))
            {
                request.Invalid(
                    $"must be greater than or equal to aggregate container requests of {total}", (request.Amount() ?? default).ToString());
            }
        }
    }

    private static void CheckHostNetwork(CheckedField spec, bool isPod)
    {
        if (!spec["hostNetwork"].IsTrue)
        {
            return;
        }

        foreach (var container in spec["containers"].Items)
        {
            foreach (var port in container["ports"].Items)
            {
                var host = port["hostPort"].Number ?? 0;
                if ((isPod || host != 0) && host != (port["containerPort"].Number ?? 0))
                {
                    port["hostPort"].Holding(host).Invalid("must match `containerPort` when `hostNetwork` is true");
                }
            }
        }
    }

    private static void CheckGates(CheckedField spec)
    {
        foreach (var gate in spec["readinessGates"].Items)
        {
            gate["conditionType"].Check(NameRules.QualifiedName);
        }

        var gates = spec["schedulingGates"];
        for (var i = 0; i < gates.Count; i++)
        {
            gates[i].Holding(gates[i]["name"].Value).Check(NameRules.QualifiedName);
            for (var j = 0; j < i; j++)
            {
                if (gates[j]["name"].Text == gates[i]["name"].Text)
                {
                    gates[i].Duplicate(gates[i]["name"].Text);
                    break;
                }
            }
        }
    }
}
