using System.Text;
using Etcdish.Client;
using Etcdish.Server.Configuration;
using Etcdish.Server.Logging;

namespace Etcdish.Server.Tests;

/// <summary>A server in the test's process on a free port of the loopback, with a client, on a data directory of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly MemoryStream _log = new();
    private readonly ServerOptions _options;
    private readonly bool _ownsDirectory;
    private EtcdServer? _server;

    private RunningServer(ServerOptions options, bool ownsDirectory)
    {
        _options = options;
        _ownsDirectory = ownsDirectory;
    }

    public EtcdServer Server => _server ?? throw new InvalidOperationException("not started");

    public string DataDirectory => _options.DataDirectory;

    public string Url => Server.ClientUrls[0];

    public EtcdClient Client { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public static async Task<RunningServer> StartAsync(Func<ServerOptions, ServerOptions>? change = null, string? dataDirectory = null)
    {
        var options = new ServerOptions
        {
            DataDirectory = dataDirectory ?? Directory.CreateTempSubdirectory("etcdish-server-").FullName,
            ListenClientUrls = [EtcdUrl.Parse("http://127.0.0.1:0")],
            ListenPeerUrls = [EtcdUrl.Parse("http://127.0.0.1:0")],
        };
        var running = new RunningServer(change?.Invoke(options) ?? options, ownsDirectory: dataDirectory is null);
        var log = new ServerLog([running._log], LogLevel.Info, isConsole: false, TimeProvider.System);
        running._server = await EtcdServer.StartAsync(running._options, log, TimeProvider.System, CancellationToken.None);
        running.Client = new EtcdClient(new EtcdClientOptions { Endpoints = [running.Url] });
        running.Http = new HttpClient { BaseAddress = new Uri(running.Url) };
        return running;
    }

    /// <summary>Posts JSON to the gateway and returns status and body.</summary>
    public async Task<(int Status, string Body)> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Http.PostAsync(new Uri(path, UriKind.Relative), content);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Gets a path and returns status and body.</summary>
    public async Task<(int Status, string Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Stops the server and returns what it logged.</summary>
    public async Task<string> StopAsync()
    {
        await Client.DisposeAsync();
        Http.Dispose();
        await Server.DisposeAsync();
        return Encoding.UTF8.GetString(_log.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_ownsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }
}
