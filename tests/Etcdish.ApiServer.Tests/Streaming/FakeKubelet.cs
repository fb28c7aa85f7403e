using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Etcdish.ApiServer.Security;
using Etcdish.Streaming;
using Etcdish.Streaming.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etcdish.ApiServer.Tests.Streaming;

/// <summary>
/// A kubelet whose containers are this machine: commands are run here, ports are ports of the loopback address, and logs are what a test
/// put into <see cref="Logs"/>.
/// </summary>
internal sealed class FakeKubelet : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly ClusterCertificates? _certificates;
    private readonly IPAddress _address;
    private ListenOptions? _listen;

    private FakeKubelet(ClusterCertificates? certificates, IPAddress address)
    {
        _address = address;
        _certificates = certificates;
        var builder = new HostBuilder();
        builder.ConfigureServices(services => services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1)));
        builder.ConfigureWebHost(web => web.UseKestrelCore().ConfigureKestrel(Configure).Configure(app => app.Run(HandleAsync)));
        builder.ConfigureLogging(logging => logging.ClearProviders());
        _host = builder.Build();
    }

    public int Port => _listen!.IPEndPoint!.Port;

    /// <summary>Requests, as they came: method and target.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Sends logs.</summary>
    public Func<HttpContext, Task> Logs { get; set; } = http => http.Response.WriteAsync("a line\n");

    /// <summary>Tells what is used, as at <c>/metrics/resource</c>.</summary>
    public Func<string> Metrics { get; set; } = () => "";

    /// <summary>Sizes of terminals that clients sent.</summary>
    public TaskCompletionSource<TerminalSize> Resized { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a client went away before its command ended.</summary>
    public TaskCompletionSource ClientGone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StreamingLimits Limits { get; init; } = new();

    /// <param name="certificates">With them it speaks TLS, and only with who shows a certificate of theirs.</param>
    /// <param name="address">Where it listens; null for the loopback address.</param>
    public static async Task<FakeKubelet> StartAsync(ClusterCertificates? certificates, IPAddress? address = null)
    {
        var kubelet = new FakeKubelet(certificates, address ?? IPAddress.Loopback);
        await kubelet._host.StartAsync();
        return kubelet;
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.Listen(_address, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            if (_certificates is { } certificates)
            {
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificates.MakeServer(IPAddress.Loopback),
                    ClientCertificateMode = ClientCertificateMode.RequireCertificate,
                    ClientCertificateValidation = (certificate, _, _) => certificates.Trusts(certificate),
                });
            }

            _listen = listen;
        });
    }

    private Task HandleAsync(HttpContext http)
    {
        lock (Requests)
        {
            Requests.Add($"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}");
        }

        return (http.Request.Path.Value ?? "").Split('/') switch
        {
            [_, "exec" or "attach", ..] => RunAsync(http),
            [_, "portForward", ..] => PortForwardServer.ServeAsync(http, ForwardAsync, Limits),
            [_, "containerLogs", ..] => Logs(http),
            [_, "metrics", "resource"] => http.Response.WriteAsync(Metrics()),
            _ => EchoAsync(http),
        };
    }

    private static async Task EchoAsync(HttpContext http)
    {
        http.Response.Headers["X-Seen"] = $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}";
        await http.Request.Body.CopyToAsync(http.Response.Body);
    }

    private static async Task ForwardAsync(int port, SessionStream stream, CancellationToken cancellation)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
        await SocketRelay.RunAsync(stream, socket, cancellation);
    }

    private async Task RunAsync(HttpContext http)
    {
        // What is attached to runs already: a program that sends its input back.
        string[] command = http.Request.Query["command"] is { Count: > 0 } words ? [.. words!] : ["cat"];
        var session = await RemoteCommandSession.AcceptAsync(http, CommandStreams.Read(http.Request.Query), Limits);
        if (session is null)
        {
            return;
        }

        await using (session)
        {
            await session.EndAsync(await RunAsync(session, command));
        }
    }

    private async Task<CommandResult> RunAsync(RemoteCommandSession session, string[] command)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return CommandResult.Failed(e.Message);
        }

        _ = NoteSizeAsync(session);
        _ = SendInputAsync(session, process);
        using var watch = session.Closed.Register(() =>
        {
            ClientGone.TrySetResult();
            process.Kill(entireProcessTree: true);
        });
        await Task.WhenAll(
            CopyAsync(process.StandardOutput.BaseStream, session.Stdout), CopyAsync(process.StandardError.BaseStream, session.Stderr));
        await process.WaitForExitAsync();
        return CommandResult.Exited(process.ExitCode);
    }

    private async Task NoteSizeAsync(RemoteCommandSession session)
    {
        await foreach (var size in session.Sizes.ReadAllAsync())
        {
            Resized.TrySetResult(size);
        }
    }

    private static async Task SendInputAsync(RemoteCommandSession session, Process process)
    {
        try
        {
            if (session.Stdin is { } input)
            {
                await input.CopyToAsync(process.StandardInput.BaseStream);
            }
        }
        catch (IOException)
        {
            // The client went away, or the program reads no more.
        }

        process.StandardInput.Close();
    }

    private static async Task CopyAsync(Stream output, SessionStream? target)
    {
        try
        {
            await output.CopyToAsync(target ?? Stream.Null);
        }
        catch (IOException)
        {
            // The client went away.
        }
    }
}
