using System.Text.Json.Nodes;
using System.Threading.Channels;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Control;

/// <summary>
/// Tells users what happened to an object (core/v1 Event). Events are written in the background, the same again as a count of the one
/// that is
/// there; when too many wait, new ones are dropped: they are for people, nothing is decided by them.
/// </summary>
public sealed class EventRecorder : IAsyncDisposable
{
    private const int MaxWaiting = 1000;
    private readonly KubernetesClient _client;
    private readonly string _component;
    private readonly string _host;
    private readonly TimeProvider _clock;
    private readonly EventCorrelator _correlator;
    private readonly Channel<Waiting> _waiting = Channel.CreateBounded<Waiting>(
        new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _writing;
    private long _number;

    /// <summary>Makes one.</summary>
    /// <param name="client">The API.</param>
    /// <param name="component">Who tells, such as <c>deployment-controller</c>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="host">The node on which who tells runs, if that matters.</param>
    public EventRecorder(KubernetesClient client, string component, TimeProvider clock, string host = "")
    {
        _client = client;
        _component = component;
        _host = host;
        _clock = clock;
        _correlator = new EventCorrelator(clock);
        _number = clock.GetUtcNow().Ticks;
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Tells of something ordinary.</summary>
    /// <param name="resource">The object's resource.</param>
    /// <param name="about">The object.</param>
    /// <param name="reason">What, in one word.</param>
    /// <param name="message">What, in a sentence.</param>
    /// <param name="component">Who tells, if not the recorder's component.</param>
    /// <param name="fieldPath">The part of the object that is meant, such as <c>spec.containers{web}</c>; empty: all of it.</param>
    public void Normal(
        ApiResource resource, KubernetesObject about, string reason, string message, string? component = null, string fieldPath = "") =>
        Record(resource, about, "Normal", reason, message, component, fieldPath);

    /// <summary>Tells of something that should not be.</summary>
    /// <param name="resource">The object's resource.</param>
    /// <param name="about">The object.</param>
    /// <param name="reason">What, in one word.</param>
    /// <param name="message">What, in a sentence.</param>
    /// <param name="component">Who tells, if not the recorder's component.</param>
    /// <param name="fieldPath">The part of the object that is meant, such as <c>spec.containers{web}</c>; empty: all of it.</param>
    public void Warning(
        ApiResource resource, KubernetesObject about, string reason, string message, string? component = null, string fieldPath = "") =>
        Record(resource, about, "Warning", reason, message, component, fieldPath);

    /// <summary>Writes what waits, for a moment at most, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        _stop.CancelAfter(TimeSpan.FromSeconds(1));
        await _writing;
        _stop.Dispose();
    }

    private void Record(
        ApiResource resource, KubernetesObject about, string type, string reason, string message, string? component, string fieldPath)
    {
        var subject = new EventSubject(
            component ?? _component, resource.ApiVersion, resource.Kind, about.Metadata.Namespace, about.Metadata.Name, about.Metadata.Uid)
        {
            FieldPath = fieldPath,
        };
        _waiting.Writer.TryWrite(new Waiting(
            new EventNews(subject, type, reason, message), about.Metadata.ResourceVersion, _clock.GetUtcNow()));
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (var item in _waiting.Reader.ReadAllAsync(_stop.Token))
            {
                if (_correlator.Take(item.News) is { } write)
                {
                    await WriteAsync(item, write);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end came before all was written.
        }
    }

    private async Task WriteAsync(Waiting item, EventWrite write)
    {
        try
        {
            if (write.Entry.Name.Length == 0 || !await TryCountAsync(item, write))
            {
                await CreateAsync(item, write);
            }
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException)
        {
            // Its namespace is going, or the server is: what it would have told is lost, as it may be.
        }
    }

    /// <summary>Counts one more of an event; false if it is no longer there.</summary>
    private async Task<bool> TryCountAsync(Waiting item, EventWrite write)
    {
        var patch = new JsonObject
        {
            ["count"] = write.Entry.Count,
            ["lastTimestamp"] = TimeText.Format(item.When),
            ["message"] = write.Message,
        };
        try
        {
            await _client.PatchAsync(
                Resources.Events, NamespaceOf(item.News.Subject), write.Entry.Name, patch, PatchKind.Merge, "", _stop.Token);
            return true;
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    private async Task CreateAsync(Waiting item, EventWrite write)
    {
        var (subject, type, reason, _) = item.News;
        var name = $"{subject.Name}.{Interlocked.Increment(ref _number):x16}";
        var value = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = NamespaceOf(subject) },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = subject.ApiVersion,
                ["kind"] = subject.Kind,
                ["namespace"] = subject.Namespace,
                ["name"] = subject.Name,
                ["uid"] = subject.Uid,
                ["resourceVersion"] = item.ResourceVersion,
            },
            ["type"] = type,
            ["reason"] = reason,
            ["message"] = write.Message,
            ["source"] = new JsonObject { ["component"] = subject.Component },
            ["reportingComponent"] = subject.Component,
            ["firstTimestamp"] = TimeText.Format(write.Entry.First),
            ["lastTimestamp"] = TimeText.Format(item.When),
            ["count"] = write.Entry.Count,
        };
        if (subject.FieldPath.Length > 0)
        {
            value["involvedObject"]!["fieldPath"] = subject.FieldPath;
        }

        if (_host.Length > 0)
        {
            value["source"]!["host"] = _host;
            value["reportingInstance"] = _host;
        }

        await _client.SendAsync(HttpMethod.Post, Resources.Events.Path(NamespaceOf(subject)), value, null, _stop.Token);
        write.Entry.Name = name;
    }

    private static string NamespaceOf(EventSubject subject) => subject.Namespace.Length == 0 ? "default" : subject.Namespace;

    /// <summary>An event that is to be written.</summary>
    private sealed record Waiting(EventNews News, string ResourceVersion, DateTimeOffset When);
}
