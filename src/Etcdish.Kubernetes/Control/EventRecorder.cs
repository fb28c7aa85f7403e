using System.Text.Json.Nodes;
using System.Threading.Channels;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Tells users what happened to an object (core/v1 Event). Events are written in the background; when too many wait, new ones are dropped:
/// they are for people, nothing is decided by them.
/// </summary>
public sealed class EventRecorder : IAsyncDisposable
{
    private const int MaxWaiting = 1000;
    private readonly KubernetesClient _client;
    private readonly string _component;
    private readonly TimeProvider _clock;
    private readonly Channel<JsonObject> _waiting = Channel.CreateBounded<JsonObject>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;
    private long _number;

    /// <summary>Makes one.</summary>
    /// <param name="client">The API.</param>
    /// <param name="component">Who tells, such as <c>deployment-controller</c>.</param>
    /// <param name="clock">The clock.</param>
    public EventRecorder(KubernetesClient client, string component, TimeProvider clock)
    {
        _client = client;
        _component = component;
        _clock = clock;
        _number = clock.GetUtcNow().Ticks;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Tells of something ordinary.</summary>
    /// <param name="resource">The object's resource.</param>
    /// <param name="about">The object.</param>
    /// <param name="reason">What, in one word.</param>
    /// <param name="message">What, in a sentence.</param>
    /// <param name="component">Who tells, if not the recorder's component.</param>
    public void Normal(ApiResource resource, KubernetesObject about, string reason, string message, string? component = null) =>
        Record(resource, about, "Normal", reason, message, component);

    /// <summary>Tells of something that should not be.</summary>
    /// <param name="resource">The object's resource.</param>
    /// <param name="about">The object.</param>
    /// <param name="reason">What, in one word.</param>
    /// <param name="message">What, in a sentence.</param>
    /// <param name="component">Who tells, if not the recorder's component.</param>
    public void Warning(ApiResource resource, KubernetesObject about, string reason, string message, string? component = null) =>
        Record(resource, about, "Warning", reason, message, component);

    /// <summary>Writes what waits, for a moment at most, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        _stop.CancelAfter(TimeSpan.FromSeconds(1));
        await _writing;
        _stop.Dispose();
    }

    private void Record(ApiResource resource, KubernetesObject about, string type, string reason, string message, string? component)
    {
        var now = TimeText.Format(_clock.GetUtcNow());
        var ns = about.Metadata.Namespace.Length == 0 ? "default" : about.Metadata.Namespace;
        _waiting.Writer.TryWrite(new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{about.Metadata.Name}.{Interlocked.Increment(ref _number):x16}",
                ["namespace"] = ns,
            },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = resource.ApiVersion,
                ["kind"] = resource.Kind,
                ["namespace"] = about.Metadata.Namespace,
                ["name"] = about.Metadata.Name,
                ["uid"] = about.Metadata.Uid,
                ["resourceVersion"] = about.Metadata.ResourceVersion,
            },
            ["type"] = type,
            ["reason"] = reason,
            ["message"] = message,
            ["source"] = new JsonObject { ["component"] = component ?? _component },
            ["reportingComponent"] = component ?? _component,
            ["firstTimestamp"] = now,
            ["lastTimestamp"] = now,
            ["count"] = 1,
        });
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var item in _waiting.Reader.ReadAllAsync(_stop.Token))
            {
                await WriteAsync(item);
            }
        }
        catch (OperationCanceledException)
        {
            // The end came before all was written.
        }
    }

    private async Task WriteAsync(JsonObject item)
    {
        try
        {
            await _client.SendAsync(
                HttpMethod.Post, Resources.Events.Path(item["metadata"]!["namespace"]!.GetValue<string>()), item, null, _stop.Token);
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException)
        {
            // Its namespace is going, or the server is: what it would have told is lost, as it may be.
        }
    }
}
