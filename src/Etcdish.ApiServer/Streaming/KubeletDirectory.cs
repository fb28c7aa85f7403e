using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Finds the kubelets of nodes.</summary>
internal sealed class KubeletDirectory(ObjectReader reader, ResourceDirectory resources)
{
    private const int DefaultPort = 10250;

    // The first of these that a node reports is used. A kube-apiserver that is not told otherwise takes host names first, which need not
    // resolve where it runs; most who set one up tell it to take internal addresses first.
    private static readonly string[] _addressTypes = ["InternalIP", "InternalDNS", "Hostname", "ExternalDNS", "ExternalIP"];

    /// <exception cref="ApiException">There is no such node.</exception>
    public async ValueTask<KubeletAddress> FindAsync(string node, CancellationToken cancellation)
    {
        var type = resources.Find("", "v1", "nodes")!;
        var stored = await reader.GetAsync(type, "", node, null, cancellation);
        var status = ApiJson.Parse(stored.Value.Span).Part("status");
        var port = status.Part("daemonEndpoints").Part("kubeletEndpoint").Number("Port") is > 0 and <= ushort.MaxValue and var reported
            ? (int)reported
            : DefaultPort;
        return new KubeletAddress(node, HostOf(status), port);
    }

    private static string HostOf(JsonObject? status)
    {
        var addresses = status.Items("addresses").OfType<JsonObject>().ToArray();
        return _addressTypes
            .Select(type => addresses.FirstOrDefault(address => address.Text("type") == type).Text("address"))
            .FirstOrDefault(address => address.Length > 0, "");
    }
}
