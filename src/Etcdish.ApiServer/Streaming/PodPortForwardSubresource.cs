using System.Globalization;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Streaming;

/// <summary>Connections to ports of pods, <c>portforward</c>: by way of the pod's kubelet, which speaks with the client itself.</summary>
internal sealed class PodPortForwardSubresource(PodBackend backend) : ISubresource
{
    public string Name => "portforward";

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method is not ("GET" or "POST"))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var pod = await backend.ReadPodAsync(request);
        var ports = request.Http.Request.Query["ports"].SelectMany(value => (value ?? "").Split(',')).Select(ReadPort).ToArray();
        var query = ports.Length > 0 ? $"?port={string.Join(',', ports)}" : "";
        await backend.ForwardAsync(request, pod, $"/portForward/{request.Namespace}/{pod.Name()}{query}");
    }

    private static int ReadPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? port
            : throw ApiErrors.BadRequest($"unable to parse \"{text}\" as a port");
}
