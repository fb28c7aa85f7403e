using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Registry;

/// <summary>Defaults of services. Cluster addresses are not allocated here.</summary>
internal static class ServiceDefaults
{
    public static void Apply(JsonObject service)
    {
        var spec = service.Ensure("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        if (spec.Text("type") != "ExternalName")
        {
            spec.Default("internalTrafficPolicy", "Cluster");
        }

        if (spec.Text("type") is "NodePort" or "LoadBalancer")
        {
            spec.Default("externalTrafficPolicy", "Cluster");
        }

        foreach (var port in spec.Items("ports").OfType<JsonObject>())
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is null && port["port"] is { } number)
            {
                port["targetPort"] = number.DeepClone();
            }
        }
    }

    public static void Prepare(JsonObject service, JsonObject? stored)
    {
        if (stored is null)
        {
            service["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };
        }
    }
}
