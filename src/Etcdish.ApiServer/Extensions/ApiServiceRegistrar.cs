using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Keeps an APIService for each group version that is served here, as clients look for them: local, and always available. Written in the
/// background, at the start and whenever resources come or go; several servers write the same.
/// </summary>
internal sealed class ApiServiceRegistrar(
    ResourceDirectory resources, ObjectReader reader, ObjectWriter writer, Deletion deletion, Action<string> warn) : IAsyncDisposable
{
    private const string Managed = "kube-aggregator.kubernetes.io/automanaged";

    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);
    private static readonly DeleteOptions _options = new();

    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _wanted = new(0);
    private Task _running = Task.CompletedTask;

    private ResourceType Services => resources.Find("apiregistration.k8s.io", "v1", "apiservices")!;

    public void Start()
    {
        resources.Changed += Note;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        resources.Changed -= Note;
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
        _wanted.Dispose();
    }

    /// <summary>What the server says of every APIService.</summary>
    public static void Prepare(JsonObject service, JsonObject? stored)
    {
        if (stored is null)
        {
            var status = service.Ensure("status");
            var now = service.Metadata().Text("creationTimestamp");
            Conditions.Set(status, "Available", true, "Local", "Local APIServices are always available", now);
        }
    }

    private void Note(ResourceSet set) => _wanted.Release();

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await SyncOrWarnAsync();
                await _wanted.WaitAsync(_stopping.Token);
                while (_wanted.Wait(0, CancellationToken.None))
                {
                    // Several changes are one.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private async Task SyncOrWarnAsync()
    {
        while (true)
        {
            try
            {
                await SyncAsync();
                return;
            }
            catch (Exception e) when (e is ApiException or StoreUnavailableException)
            {
                warn($"the list of APIServices is not up to date yet: {e.Message}");
            }

            await Task.Delay(_pause, _stopping.Token);
        }
    }

    private async Task SyncAsync()
    {
        var page = await reader.ListAsync(Services, "", new ListOptions(), _stopping.Token);
        var present = page.Items.ToDictionary(
            item => Services.Split(Encoding.UTF8.GetString(item.Key.Span)).Name, item => item.Value, StringComparer.Ordinal);
        var wanted = resources.All.GroupBy(type => (type.Info.Group, type.Info.Version)).ToDictionary(
            group => $"{group.Key.Version}.{group.Key.Group}", group => group.First(), StringComparer.Ordinal);
        foreach (var (name, type) in wanted.Where(pair => !present.ContainsKey(pair.Key)))
        {
            await CreateAsync(name, type);
        }

        foreach (var (name, value) in present.Where(pair => !wanted.ContainsKey(pair.Key)))
        {
            if (ApiJson.Parse(value.Span).Part("metadata").Part("labels").Text(Managed) == "true")
            {
                await DeleteAsync(name);
            }
        }
    }

    private async Task CreateAsync(string name, ResourceType type)
    {
        var (groupPriority, versionPriority) = PriorityOf(type);
        var value = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["labels"] = new JsonObject { [Managed] = type.Custom is null ? "onstart" : "true" },
            },
            ["spec"] = new JsonObject
            {
                ["group"] = type.Info.Group,
                ["version"] = type.Info.Version,
                ["groupPriorityMinimum"] = groupPriority,
                ["versionPriority"] = versionPriority,
            },
        };
        try
        {
            await writer.CreateAsync(new WriteRequest(Services, "", name), value, _stopping.Token);
        }
        catch (ApiException e) when (e.Code == 409)
        {
            // Another server on this store was faster.
        }
    }

    private async Task DeleteAsync(string name)
    {
        try
        {
            await deletion.DeleteAsync(new WriteRequest(Services, "", name), _options, _stopping.Token);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Another server on this store was faster.
        }
    }

    private static (int Group, int Version) PriorityOf(ResourceType type) => type.Info.Group switch
    {
        _ when type.Custom is not null => (1000, 100),
        "" => (18000, 1),
        "apps" => (17800, 15),
        "events.k8s.io" => (17750, 5),
        "authentication.k8s.io" => (17700, 15),
        "authorization.k8s.io" => (17600, 15),
        "autoscaling" => (17500, type.Info.Version == "v2" ? 30 : 15),
        "batch" => (17400, 15),
        "certificates.k8s.io" => (17300, 15),
        "networking.k8s.io" => (17200, 15),
        "policy" => (17100, 15),
        "rbac.authorization.k8s.io" => (17000, 15),
        "storage.k8s.io" => (16800, 15),
        "apiextensions.k8s.io" or "admissionregistration.k8s.io" => (16700, 15),
        "scheduling.k8s.io" => (16600, 15),
        "coordination.k8s.io" => (16500, 15),
        "node.k8s.io" => (16300, 15),
        "discovery.k8s.io" => (16200, 15),
        "flowcontrol.apiserver.k8s.io" => (16100, 15),
        _ => (16000, 15),
    };
}
