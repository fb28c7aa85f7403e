using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Subresources;
using Etcdish.Streaming.Forwarding;

namespace Etcdish.ApiServer.Streaming;

/// <summary>A container's log, as its kubelet sends it.</summary>
internal sealed class PodLogSubresource(PodBackend backend) : ISubresource
{
    // Of a kubelet's words about a failure no more is passed on.
    private const int MostFailureChars = 50_000;

    public string Name => "log";

    public async Task HandleAsync(ApiRequest request)
    {
        var http = request.Http;
        if (http.Request.Method != "GET")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var query = PodLogOptions.ToKubeletQuery(http.Request.Query, request.Name);
        var pod = await backend.ReadPodAsync(request);
        var container = PodContainers.Choose(pod, QueryValues.Text(http.Request.Query, "container"));
        if (PodBackend.NodeOf(pod) is not { Length: > 0 } node)
        {
            // What has not begun has no log yet, which is no failure.
            http.Response.StatusCode = 204;
            return;
        }

        var path = $"/containerLogs/{request.Namespace}/{pod.Name()}/{container}{query}";
        using var response = await backend.GetAsync(node, path, request.Cancellation);
        await using var content = await response.Content.ReadAsStreamAsync(request.Cancellation);
        if ((int)response.StatusCode is < 200 or > 206)
        {
            throw Failure((int)response.StatusCode, await ReadTextAsync(content, request.Cancellation), request.Name);
        }

        http.Response.ContentType = "text/plain";
        await HttpForwarder.CopyBodyAsync(http, content);
    }

    private static async Task<string> ReadTextAsync(Stream content, CancellationToken cancellation)
    {
        using var reader = new StreamReader(content);
        var text = new char[MostFailureChars];
        return new string(text, 0, await reader.ReadBlockAsync(text, cancellation));
    }

    private static ApiException Failure(int code, string text, string pod) => code switch
    {
        400 => ApiErrors.BadRequest(text.TrimEnd()),
        404 => new ApiException(404, "NotFound", $"the server could not find the requested resource ( pods/log {pod})")
        {
            Name = pod,
            Kind = "pods/log",
        },
        500 => new ApiException(500, "InternalError", $"Internal error occurred: {text.TrimEnd()}"),
        503 => new ApiException(503, "ServiceUnavailable", "the server is currently unable to handle the request"),
        _ => new ApiException(code, code == 401 ? "Unauthorized" : code == 403 ? "Forbidden" : "InternalError", text.TrimEnd()),
    };
}
