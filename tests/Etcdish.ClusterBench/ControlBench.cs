using System.Net;
using System.Text.Json.Nodes;
using Etcdish.ApiServer;
using Etcdish.ApiServer.Storage;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Informers;
using Etcdish.Kubernetes.Objects;
using Etcdish.Testing;
using NUnit.Framework;

namespace Etcdish.ClusterBench;

/// <summary>
/// An API server on a store of its own, and controllers that work on it as they do in a cluster. Tests write what users and nodes would,
/// and wait until the cluster looks as it should.
/// </summary>
public sealed class ControlBench : IAsyncDisposable
{
    /// <summary>How long a test waits for what should happen at once, on a machine that may be busy.</summary>
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder;
    private readonly NodeObjectStore _store;
    private readonly KubernetesApiServer _server;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(Controller Controller, int Workers)> _controllers = [];
    private readonly List<Task> _running = [];

    private ControlBench(TemporaryFolder folder, NodeObjectStore store, KubernetesApiServer server, TimeProvider clock)
    {
        _folder = folder;
        _store = store;
        _server = server;
        Client = Connect();
        Context = MakeContext(clock);
    }

    /// <summary>The API, for the test itself.</summary>
    public KubernetesClient Client { get; }

    /// <summary>What the controllers of the test share.</summary>
    public ControllerContext Context { get; }

    /// <summary>The API server's URL.</summary>
    public string Url => _server.Url;

    /// <summary>All that controllers complained of.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Starts the server.</summary>
    /// <param name="clock">The clock of server and controllers; null: the machine's.</param>
    public static async Task<ControlBench> StartAsync(TimeProvider? clock = null)
    {
        var folder = new TemporaryFolder();
        var node = await Etcdish.Cluster.Node.OpenAsync(new Etcdish.Cluster.NodeOptions { DataDirectory = folder.File("store") });
        var store = new NodeObjectStore(node, ownsNode: true);
        var server = await KubernetesApiServer.StartAsync(new ApiServerOptions
        {
            Store = store,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Clock = clock ?? TimeProvider.System,
            Warn = TestContext.Out.WriteLine,
        });
        return new ControlBench(folder, store, server, clock ?? TimeProvider.System);
    }

    /// <summary>Another client, such as one whose requests go wrong.</summary>
    /// <param name="wrap">Puts something between the client and the server.</param>
    /// <param name="bySockets">Whether requests go through sockets, as those of other processes do.</param>
    public KubernetesClient Connect(Func<HttpMessageHandler, HttpMessageHandler>? wrap = null, bool bySockets = false)
    {
        var handler = bySockets
            ? new SocketsHttpHandler { PooledConnectionLifetime = Timeout.InfiniteTimeSpan }
            : _server.ConnectInProcess("tester", "system:masters");
        return new KubernetesClient(wrap?.Invoke(handler) ?? handler, new Uri(_server.Url));
    }

    /// <summary>A client of somebody else than an administrator.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="groups">The groups that the user is in.</param>
    public KubernetesClient ConnectAs(string user, params IReadOnlyList<string> groups) =>
        new(_server.ConnectInProcess(user, groups), new Uri(_server.Url));

    /// <summary>A context of its own, as of another process.</summary>
    public ControllerContext MakeContext(TimeProvider clock, KubernetesClient? client = null)
    {
        client ??= Client;
        return new ControllerContext(
            client, new SharedInformers(client, clock, Warn), new EventRecorder(client, "test", clock), clock, Warn);
    }

    /// <summary>Adds a controller; before <see cref="RunAsync"/>.</summary>
    public TController Add<TController>(TController controller, int workers = 2)
        where TController : Controller
    {
        _controllers.Add((controller, workers));
        return controller;
    }

    /// <summary>Starts informers and controllers.</summary>
    public async Task RunAsync()
    {
        await Context.Informers.StartAsync(_stop.Token);
        _running.AddRange(_controllers.Select(c => c.Controller.RunAsync(c.Workers, _stop.Token)));
    }

    /// <summary>Creates an object from JSON or YAML-free text in which single quotes stand for double ones.</summary>
    public Task<T> CreateAsync<T>(ApiResource<T> resource, string ns, string json)
        where T : KubernetesObject =>
        Client.CreateAsync(resource, ns, Parse(json), CancellationToken.None);

    /// <summary>Merges into an object; quotes as in <see cref="CreateAsync"/>.</summary>
    public Task<T> PatchAsync<T>(ApiResource<T> resource, string ns, string name, string json, string subresource = "")
        where T : KubernetesObject =>
        Client.PatchAsync(resource, ns, name, Parse(json), PatchKind.Merge, subresource, CancellationToken.None);

    /// <summary>An object as the server gives it, whole; null if there is none.</summary>
    public async Task<JsonObject?> ReadAsync(ApiResource resource, string ns, string name)
    {
        try
        {
            var text = await Client.SendAsync(HttpMethod.Get, resource.Path(ns, name), null, null, CancellationToken.None);
            return JsonNode.Parse(text)!.AsObject();
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Waits until the objects of a namespace look as they should, told of each change by a watch. The objects then.</summary>
    /// <exception cref="TimeoutException">They never did; the message shows what was there instead.</exception>
    public async Task<IReadOnlyList<T>> WaitAsync<T>(
        ApiResource<T> resource, string ns, Func<IReadOnlyList<T>, bool> condition, Func<T, string>? describe = null)
        where T : KubernetesObject
    {
        using var stop = new CancellationTokenSource();
        var informer = new Informer<T>(Client, resource, TimeProvider.System, Warn);
        var met = new TaskCompletionSource<IReadOnlyList<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
        informer.Subscribe((_, _) => Look());
        var running = informer.RunAsync(stop.Token);
        try
        {
            await informer.Synced.WaitAsync(_patience);
            Look();
            return await met.Task.WaitAsync(_patience);
        }
        catch (TimeoutException)
        {
            var there = string.Join('\n', In(ns).Select(describe ?? (o => o.ToString())));
            throw new TimeoutException($"{resource} never looked as they should; there is:\n{there}\n{string.Join('\n', Warnings)}");
        }
        finally
        {
            await stop.CancelAsync();
            await running;
        }

        IReadOnlyList<T> In(string place) => [.. informer.All.Where(o => place.Length == 0 || o.Metadata.Namespace == place)];

        void Look()
        {
            var all = In(ns);
            if (informer.Synced.IsCompleted && condition(all))
            {
                met.TrySetResult(all);
            }
        }
    }

    /// <summary>Stops all.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running);
        _controllers.ForEach(c => c.Controller.Dispose());
        await Context.Informers.DisposeAsync();
        await Context.Events.DisposeAsync();
        Client.Dispose();
        await _server.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Dispose();
        _stop.Dispose();
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json.Replace('\'', '"'))!.AsObject();

    private void Warn(string line)
    {
        lock (Warnings)
        {
            Warnings.Add(line);
        }
    }
}
