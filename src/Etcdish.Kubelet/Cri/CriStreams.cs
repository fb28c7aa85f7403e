using System.Net;
using Etcdish.Kubelet.Runtime;
using Etcdish.Protos.Cri;
using Etcdish.Streaming.Forwarding;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Kubelet.Cri;

/// <summary>
/// Leads clients of exec, attach and port-forward to the runtime's own streaming server, which speaks their protocols: the upgraded
/// connection is handed through byte by byte, so that what is said in it, such as the end of an input, stays as it was said.
/// </summary>
internal sealed class CriStreams(CriCalls calls) : IDisposable
{
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        UseProxy = false,
    });

    public async Task ExecAsync(HttpContext http, string containerId, IReadOnlyList<string> command, AttachedStreams streams)
    {
        var request = new ExecRequest
        {
            ContainerId = containerId,
            Cmd = { command },
            Tty = streams.Tty,
            Stdin = streams.Stdin,
            Stdout = streams.Stdout,

            // A terminal has one output.
            Stderr = streams.Stderr && !streams.Tty,
        };
        var answer = await calls.RuntimeAsync("Exec", request, ExecResponse.Parser, http.RequestAborted);
        await ForwardAsync(http, answer.Url);
    }

    public async Task AttachAsync(HttpContext http, string containerId, AttachedStreams streams)
    {
        var request = new AttachRequest
        {
            ContainerId = containerId,
            Tty = streams.Tty,
            Stdin = streams.Stdin,
            Stdout = streams.Stdout,

            // A terminal has one output.
            Stderr = streams.Stderr && !streams.Tty,
        };
        var answer = await calls.RuntimeAsync("Attach", request, AttachResponse.Parser, http.RequestAborted);
        await ForwardAsync(http, answer.Url);
    }

    public async Task PortForwardAsync(HttpContext http, string sandboxId)
    {
        var request = new PortForwardRequest { PodSandboxId = sandboxId, Port = { Ports(http) } };
        var answer = await calls.RuntimeAsync("PortForward", request, PortForwardResponse.Parser, http.RequestAborted);
        await ForwardAsync(http, answer.Url);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The ports that the client names in its address; those of SPDY name them later.</summary>
    private static IEnumerable<int> Ports(HttpContext http) => http.Request.Query["port"]
        .SelectMany(text => (text ?? "").Split(','))
        .Select(text => int.TryParse(text, out var port) ? port : 0)
        .Where(port => port is > 0 and <= 65535);

    private Task ForwardAsync(HttpContext http, string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var target))
        {
            throw new RuntimeException($"the container runtime named no address for its streams but {url}");
        }

        return HttpForwarder.ForwardAsync(http, target, _client, new ForwardingRules(Unreachable, Refused));
    }

    private static RuntimeException Unreachable(string why) => new($"the container runtime's streams cannot be reached: {why}");

    private static RuntimeException Refused(string why) => new($"the container runtime's streams: {why}");
}
