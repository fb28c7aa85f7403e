using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Services. Their addresses and ports on nodes are given out elsewhere.</summary>
internal static class ServiceRules
{
    private const string OnlyBalanced = "may only be used when `type` is 'LoadBalancer'";
    private const int DefaultAffinitySeconds = 10800;
    private const int MaxAffinitySeconds = 86400;

    private static readonly string[] _types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    private static readonly string[] _affinities = ["ClientIP", "None"];
    private static readonly string[] _policies = ["Cluster", "Local"];
    private static readonly string[] _distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];

    public static void ApplyDefaults(JsonObject service)
    {
        var spec = service.Ensure("spec");
        spec.DefaultIfZero("type", "ClusterIP");
        spec.DefaultIfZero("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Default("timeoutSeconds", DefaultAffinitySeconds);
        }

        foreach (var port in spec.Objects("ports"))
        {
            port.DefaultIfZero("protocol", "TCP");
            if (port["port"] is { } number)
            {
                port.DefaultIfZero("targetPort", number.DeepClone());
            }
        }

        var type = spec.Text("type");
        if (type is "NodePort" or "LoadBalancer" || (type == "ClusterIP" && spec.Items("externalIPs").Any()))
        {
            spec.DefaultIfZero("externalTrafficPolicy", "Cluster");
        }

        if (type is "ClusterIP" or "NodePort" or "LoadBalancer")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
        }

        if (type == "LoadBalancer")
        {
            spec.Default("allocateLoadBalancerNodePorts", true);
        }
    }

    public static void Prepare(JsonObject service, JsonObject? stored)
    {
        if (stored is null)
        {
            service["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
        else if (stored.Part("spec") is { } before)
        {
            ServiceTransitions.DropUnfit(service.Ensure("spec"), before);
        }
    }

    public static void Check(CheckedField service, CheckedField stored)
    {
        var spec = service["spec"];
        var type = spec["type"].Text;
        var isHeadless = ServiceAddressRules.IsHeadless(spec);
        if (spec["ports"].Count == 0 && !isHeadless && type != "ExternalName")
        {
            spec["ports"].Required();
        }

        CheckType(spec, isHeadless);
        ServicePortRules.Check(spec);
        spec["selector"].Labels();
        CheckAffinity(spec);
        ServiceAddressRules.Check(spec);
        foreach (var address in spec["externalIPs"].Items)
        {
            if (address.Address())
            {
                address.ReachableAddress();
            }
        }

        CheckBalancing(spec);
        CheckTraffic(spec);
        if (stored.IsSet)
        {
            ServiceAddressRules.CheckChange(spec, stored["spec"]);
            CheckChange(spec, stored["spec"]);
        }
    }

    /// <summary>Checks a change of a service's status.</summary>
    public static void CheckStatus(CheckedField service)
    {
        foreach (var ingress in service["status"]["loadBalancer"]["ingress"].Items)
        {
            if (ingress["ip"].HasText)
            {
                ingress["ip"].Address();
            }

            ingress["hostname"].CheckIfSet(NameRules.Dns1123Subdomain);
            if (NetworkText.TryParseAddress(ingress["hostname"].Text, out _))
            {
                ingress["hostname"].Invalid("must be a DNS name, not an IP address");
            }
        }
    }

    private static void CheckType(CheckedField spec, bool isHeadless)
    {
        var type = spec["type"];
        type.RequireOneOf(_types);
        if (isHeadless && (type.Text is "LoadBalancer" or "NodePort"))
        {
            spec["clusterIPs"][0].Invalid($"may not be set to 'None' for {type.Text} services", "None");
        }

        if (type.Text != "ExternalName")
        {
            return;
        }

        foreach (var field in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies"])
        {
            if (spec[field].Count > 0)
            {
                spec[field].Forbidden("may not be set for ExternalName services");
            }
        }

        if (spec["ipFamilyPolicy"].IsSet)
        {
            spec["ipFamilyPolicy"].Forbidden("may not be set for ExternalName services");
        }

        // A name may say by a dot that it is complete.
        var name = spec["externalName"];
        var bare = name.Text.EndsWith('.') ? name.Text[..^1] : name.Text;
        name.Holding(bare.Length == 0 ? null : JsonValue.Create(bare)).RequireAnd(NameRules.Dns1123Subdomain);
    }

    private static void CheckAffinity(CheckedField spec)
    {
        spec["sessionAffinity"].RequireOneOf(_affinities);
        var config = spec["sessionAffinityConfig"];
        if (spec["sessionAffinity"].Text == "None")
        {
            if (config.IsSet)
            {
                config.Forbidden("must not be set when session affinity is None");
            }

            return;
        }

        if (spec["sessionAffinity"].Text == "ClientIP"
            && config["clientIP"]["timeoutSeconds"].Number is not (> 0 and <= MaxAffinitySeconds))
        {
            config["clientIP"]["timeoutSeconds"].Invalid($"must be greater than 0 and less than {MaxAffinitySeconds}");
        }
    }

    private static void CheckBalancing(CheckedField spec)
    {
        var isBalanced = spec["type"].Text == "LoadBalancer";
        var ranges = spec.Child("LoadBalancerSourceRanges", spec["loadBalancerSourceRanges"].Value);
        if (ranges.Count > 0 && !isBalanced)
        {
            ranges.Forbidden(OnlyBalanced);
        }

        foreach (var range in ranges.Items)
        {
            range.Network();
        }

        foreach (var field in (ReadOnlySpan<string>)["allocateLoadBalancerNodePorts", "loadBalancerClass"])
        {
            if (spec[field].IsSet && !isBalanced)
            {
                spec[field].Forbidden(OnlyBalanced);
            }
        }

        if (spec["loadBalancerClass"].IsSet)
        {
            spec["loadBalancerClass"].Check(NameRules.QualifiedName);
        }
    }

    private static void CheckTraffic(CheckedField spec)
    {
        var external = spec["externalTrafficPolicy"];
        var isExternal = spec["type"].Text is "NodePort" or "LoadBalancer"
            || (spec["type"].Text == "ClusterIP" && spec["externalIPs"].Count > 0);
        if (isExternal)
        {
            external.RequireOneOf(_policies);
        }
        else if (external.HasText)
        {
            external.Invalid("may only be set for externally-accessible services");
        }

        var health = spec["healthCheckNodePort"];
        if (health.Number is not (null or 0))
        {
            if (NeedsHealthCheck(spec))
            {
                health.PortNumber();
            }
            else
            {
                health.Invalid("may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            }
        }

        spec["internalTrafficPolicy"].OneOfIfSet(_policies);
        spec["trafficDistribution"].OneOfIfSet(_distributions);
    }

    private static void CheckChange(CheckedField spec, CheckedField stored)
    {
        if (NeedsHealthCheck(spec) && NeedsHealthCheck(stored)
            && spec["healthCheckNodePort"].Number != stored["healthCheckNodePort"].Number)
        {
            spec["healthCheckNodePort"].Forbidden("field is immutable");
        }

        if (spec["type"].Text == "LoadBalancer" && stored["type"].Text == "LoadBalancer")
        {
            spec["loadBalancerClass"].Unchanged(stored["loadBalancerClass"], "may not change once set");
        }
    }

    private static bool NeedsHealthCheck(CheckedField spec) =>
        spec["type"].Text == "LoadBalancer" && spec["externalTrafficPolicy"].Text == "Local";
}
