using System.Text;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;

namespace Etcdish.ApiServer.Streaming;

/// <summary>
/// Commands in containers, <c>exec</c> and <c>attach</c>: by way of the pod's kubelet, which speaks with the client itself.
/// </summary>
/// <param name="name">The subresource, which is the kubelet's word for it too.</param>
/// <param name="backend">The way to the kubelet.</param>
internal sealed class PodCommandSubresource(string name, PodBackend backend) : ISubresource
{
    // The parameters of the API, and of kubelets.
    private static readonly (string Api, string Kubelet)[] _streams =
        [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

    public string Name => name;

    public async Task HandleAsync(ApiRequest request)
    {
        if (request.Http.Request.Method is not ("GET" or "POST"))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var query = request.Http.Request.Query;
        var pod = await backend.ReadPodAsync(request);
        var container = PodContainers.Choose(pod, QueryValues.Text(query, "container"));
        var path = new StringBuilder($"/{name}/{request.Namespace}/{pod.Name()}/{container}");
        var separator = '?';
        foreach (var (api, kubelet) in _streams)
        {
            if (QueryValues.Flag(query, api))
            {
                Append(kubelet, "1");
            }
        }

        if (name == "exec")
        {
            foreach (var word in query["command"])
            {
                Append("command", word ?? "");
            }
        }

        await backend.ForwardAsync(request, pod, path.ToString());

        void Append(string key, string value)
        {
            path.Append(separator).Append(key).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
    }
}
