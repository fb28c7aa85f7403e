using System.Net;
using System.Text;
using Etcdish.Kubelet.Runtime;
using Etcdish.Streaming;
using Etcdish.Streaming.Spdy;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>A server that hands its requests to the runtime, as a kubelet does, and a client of it that speaks SPDY as kubectl does.</summary>
internal sealed class StreamsBench : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());
    private readonly Uri _address;

    private StreamsBench(IHost host, Uri address)
    {
        _host = host;
        _address = address;
    }

    /// <summary>Starts a server for exec, attach or port-forward.</summary>
    public static async Task<StreamsBench> StartAsync(Func<HttpContext, Task> serve)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        var host = builder.Build();
        host.Run(http => serve(http));
        await host.StartAsync();
        return new StreamsBench(host, new Uri(host.Urls.Single()));
    }

    /// <summary>Starts a server for a command in a container.</summary>
    public static Task<StreamsBench> ExecAsync(RunningPod pod, params string[] command) => StartAsync(http =>
        Daemon.ServeExecAsync(http, pod.ContainerId, command, new AttachedStreams(Stdin: true, Stdout: true, Stderr: true, Tty: false)));

    /// <summary>Asks for a connection of SPDY with that protocol of streams.</summary>
    public async Task<SpdyConnection> ConnectAsync(string streamProtocol)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, "/exec?port=8080"));
        request.Headers.Add("Connection", "Upgrade");
        request.Headers.Add("Upgrade", "SPDY/3.1");
        request.Headers.Add("X-Stream-Protocol-Version", streamProtocol);
        var response = await _client.SendAsync(request, Cancellation);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.SwitchingProtocols));
        Assert.That(response.Headers.GetValues("X-Stream-Protocol-Version"), Is.EqualTo(new[] { streamProtocol }));
        return new SpdyConnection(await response.Content.ReadAsStreamAsync(Cancellation), isServer: false, new StreamingLimits());
    }

    /// <summary>Opens a stream of a type.</summary>
    public static async Task<SpdyStream> OpenAsync(SpdyConnection connection, string type, params (string Name, string Value)[] headers) =>
        await connection.OpenStreamAsync(
            new Dictionary<string, string>(headers.Select(header => KeyValuePair.Create(header.Name, header.Value))) { ["streamtype"] = type },
            Cancellation);

    /// <summary>All that comes on a stream.</summary>
    public static async Task<string> ReadAsync(SpdyStream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, Cancellation);
        return Encoding.UTF8.GetString(all.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.StopAsync();
        _host.Dispose();
    }
}
