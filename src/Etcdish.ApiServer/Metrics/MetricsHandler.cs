using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Http;
using Etcdish.ApiServer.Registry;
using Etcdish.ApiServer.Storage;
using Etcdish.ApiServer.Tables;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Metrics;

/// <summary>
/// Serves metrics.k8s.io: what nodes and pods use, as objects that are read and never written. They are found when they are asked for.
/// </summary>
internal sealed class MetricsHandler(
    UsageCollector collector, ObjectReader reader, ResourceDirectory resources, TableBuilder tables, TimeProvider clock)
{
    private const string Group = "metrics.k8s.io";

    public static bool Handles(ResourceInfo resource) => resource.Group == Group;

    public async Task HandleAsync(ApiRequest request)
    {
        var isPod = request.Type.Info.IsNamespaced;
        if (request.Path.Subresource.Length > 0 || (isPod ? request.Name.Length > 0 && request.Namespace.Length == 0 : request.Namespace.Length > 0))
        {
            throw ApiErrors.PathNotFound();
        }

        if (request.Http.Request.Method != "GET")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        await (request.Name.Length > 0 ? GetAsync(request) : ListAsync(request));
    }

    private async Task GetAsync(ApiRequest request)
    {
        var stored = await reader.GetAsync(Source(request), request.Namespace, request.Name, null, request.Cancellation);
        var target = MeasuredObject.Read(stored.Value.Span, request.Type.Info.IsNamespaced);
        var metrics = (await MeasureAsync([target], request.Cancellation)).SingleOrDefault()
            ?? throw NotKnown(request);
        await ApiResponse.SendAsync(request.Http, 200, new ObjectView(request, tables).One(ApiJson.Write(metrics), 0));
    }

    private async Task ListAsync(ApiRequest request)
    {
        var options = ListOptions.Read(request.Http.Request.Query, request.Type.Info);
        if (options.IsWatch)
        {
            throw ApiErrors.MethodNotAllowed();
        }

        var targets = new List<MeasuredObject>();
        var selected = new ListOptions { Selection = options.Selection };
        await foreach (var page in reader.ReadAsync(Source(request), request.Namespace, selected, request.Cancellation))
        {
            foreach (var item in page.Items)
            {
                targets.Add(MeasuredObject.Read(item.Value.Span, request.Type.Info.IsNamespaced));
            }
        }

        var items = (await MeasureAsync(targets, request.Cancellation))
            .Select(metrics => new StoredObject(Encoding.UTF8.GetBytes(metrics.Name()), ApiJson.Write(metrics), 0));
        await new ListWriter(request, new ObjectView(request, tables), tables).SendAsync(new ListPage([.. items], 0, null, null));
    }

    /// <summary>What is known of pods or nodes, in their order.</summary>
    private async Task<IEnumerable<JsonObject>> MeasureAsync(IReadOnlyList<MeasuredObject> targets, CancellationToken cancellation)
    {
        var nodes = targets.Select(target => target.Node).Where(node => node.Length > 0);
        var known = await collector.CollectAsync(nodes, cancellation);
        var now = clock.GetUtcNow();
        return targets.Select(target => target.ToMetrics(known.GetValueOrDefault(target.Node), now)).OfType<JsonObject>();
    }

    /// <summary>The pods or nodes that are measured.</summary>
    private ResourceType Source(ApiRequest request) => resources.Find("", "v1", request.Type.Info.Name)!;

    /// <summary>Who serves these elsewhere calls the resources by their kinds here, and pods by their namespaces, too.</summary>
    private static ApiException NotKnown(ApiRequest request) => ApiErrors.NotFound(
        request.Type.Info with { Name = request.Type.Info.Singular },
        request.Namespace.Length > 0 ? $"{request.Namespace}/{request.Name}" : request.Name);
}
