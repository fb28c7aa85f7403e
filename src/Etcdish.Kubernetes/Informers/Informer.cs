using System.Net;
using System.Text.Json;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Informers;

/// <summary>An informer of whatever resource.</summary>
public interface IInformer
{
    /// <summary>Completes when all that was there at the start is known.</summary>
    Task Synced { get; }

    /// <summary>Follows the resource until it is cancelled.</summary>
    Task RunAsync(CancellationToken cancellation);

    /// <summary>
    /// Hears of the metadata of every object: for those to whom all kinds are the same. As with objects, what is there already is told as new.
    /// </summary>
    /// <param name="onChange">What was there (null: new) and what is there now (null: gone).</param>
    void SubscribeMetadata(Action<ObjectMetadata?, ObjectMetadata?> onChange);
}

/// <summary>
/// Follows a resource by one watch: what is there first, with a mark at its end (WatchList), then every change; from a server that does not
/// offer that, a list in pages and then a watch. A watch that ends is taken up again behind the last revision seen. When that is no longer
/// kept (410), all is read again, and takes the place of what was known all at once: subscribers hear of what differs, and of every object
/// that went meanwhile.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="resource">What is followed.</param>
/// <param name="clock">The clock of pauses after failures.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
/// <param name="selector">Query that narrows it, such as <c>fieldSelector=spec.nodeName%3Da</c>; empty: all.</param>
/// <param name="accept">The form in which objects are asked for, such as one of their metadata only; null: JSON, whole.</param>
/// <param name="ns">The namespace; empty: the whole cluster.</param>
public sealed class Informer<T>(
    KubernetesClient client,
    ApiResource<T> resource,
    TimeProvider clock,
    Action<string> warn,
    string selector = "",
    string? accept = null,
    string ns = "")
    : ObjectCache<T>, IInformer
    where T : KubernetesObject
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";
    private const int PageSize = 500;
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(10);

    // The server ends a watch after this time, and up to as much again. One that lasts longer has lost its server without noticing.
    private static readonly TimeSpan _leastWatch = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _watchPatience = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _listsFirst;
    private string _revision = "";
    private List<T>? _initial;

    /// <inheritdoc/>
    public Task Synced => _synced.Task;

    /// <inheritdoc/>
    public void SubscribeMetadata(Action<ObjectMetadata?, ObjectMetadata?> onChange) =>
        Subscribe((before, now) => onChange(before?.Metadata, now?.Metadata));

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var pause = _firstPause;
        while (!cancellation.IsCancellationRequested)
        {
            var (before, began) = (_revision, clock.GetTimestamp());
            try
            {
                await FollowAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (ApiStatusException e) when (e.IsExpired && before.Length > 0)
            {
                // All anew. If that expires as well, the next try comes after a pause: a server in need must not be asked without end.
                _revision = "";
                continue;
            }
            catch (ApiStatusException e) when (e.Code == (int)HttpStatusCode.UnprocessableEntity && !_listsFirst && before.Length == 0)
            {
                _listsFirst = true;
                continue;
            }
            catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException
                or OperationCanceledException)
            {
                warn($"the watch of {resource} failed, and is taken up again: {e.Message}");
            }

            // A watch that lasted has ended in the course of things.
            if (clock.GetElapsedTime(began) > _longestPause)
            {
                pause = _firstPause;
                continue;
            }

            pause = _revision != before ? _firstPause : pause;
            await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        if (_revision.Length == 0 && _listsFirst)
        {
            await ListAsync(cancellation);
        }

        var duration = _leastWatch * (1 + Random.Shared.NextDouble());
        using var patience = new CancellationTokenSource(duration + _watchPatience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, patience.Token);
        _initial = _revision.Length == 0 ? [] : null;
        using var response = await client.OpenAsync(resource.Path(ns) + WatchQuery(duration), accept, either.Token);
        await WatchReader.ReadAsync(await response.Content.ReadAsStreamAsync(either.Token), Take, either.Token);
    }

    private string WatchQuery(TimeSpan duration)
    {
        var start = _revision.Length == 0 ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : $"resourceVersion={_revision}";
        return $"?watch=true&allowWatchBookmarks=true&timeoutSeconds={(int)duration.TotalSeconds}&{start}{AndSelector}";
    }

    private string AndSelector => selector.Length == 0 ? "" : "&" + selector;

    private async Task ListAsync(CancellationToken cancellation)
    {
        List<T> all = [];
        string revision, next = "";
        do
        {
            var query = $"?limit={PageSize}{(next.Length == 0 ? "" : "&continue=" + Uri.EscapeDataString(next))}{AndSelector}";
            using var response = await client.OpenAsync(resource.Path(ns) + query, accept, cancellation);
            using var page = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            var metadata = page.RootElement.GetProperty("metadata");
            revision = metadata.GetProperty("resourceVersion").GetString() ?? "";
            next = metadata.TryGetProperty("continue", out var token) ? token.GetString() ?? "" : "";
            foreach (var item in page.RootElement.GetProperty("items").EnumerateArray())
            {
                all.Add(item.Deserialize(resource.Form) ?? throw new JsonException($"a list of {resource} holds no object"));
            }
        }
        while (next.Length > 0);
        Begin(all, revision);
    }

    /// <summary>Takes what is there as the state to go on from.</summary>
    private void Begin(IReadOnlyList<T> all, string revision)
    {
        Replace(all);
        _revision = revision;
        _synced.TrySetResult();
    }

    private void Take(ReadOnlySpan<byte> text)
    {
        var line = WatchLine.Cut(text);
        if (line.Type.SequenceEqual("ERROR"u8))
        {
            using var status = JsonDocument.Parse(line.Object.ToArray());
            throw KubernetesClient.Failure(
                status.RootElement.TryGetProperty("code", out var code) ? code.GetInt32() : 500, status.RootElement);
        }

        var value = JsonSerializer.Deserialize(line.Object, resource.Form)
            ?? throw new JsonException($"an event of {resource} holds no object");
        if (_initial is not null)
        {
            TakeInitial(line.Type, value);
            return;
        }

        if (line.Type.SequenceEqual("DELETED"u8))
        {
            Remove(value.Key, value);
        }
        else if (!line.Type.SequenceEqual("BOOKMARK"u8))
        {
            Set(value);
        }

        _revision = value.Metadata.ResourceVersion;
    }

    /// <summary>What is there comes in any order, so none of its revisions is one to go on from before the mark at its end.</summary>
    private void TakeInitial(ReadOnlySpan<byte> type, T value)
    {
        if (!type.SequenceEqual("BOOKMARK"u8))
        {
            _initial!.Add(value);
        }
        else if (value.Metadata.Annotations.ContainsKey(InitialEventsEnd))
        {
            var all = _initial!;
            _initial = null;
            Begin(all, value.Metadata.ResourceVersion);
        }
    }
}
