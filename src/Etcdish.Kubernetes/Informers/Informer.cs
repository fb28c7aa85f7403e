using System.Buffers;
using System.IO.Pipelines;
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
}

/// <summary>
/// Follows a resource by one watch: what is there first, with a mark at its end (WatchList), then every change. A watch that ends is taken
/// up again behind the last revision seen; when that is no longer kept (410), all is read again and compared with what is known, so that
/// subscribers hear of every object that went meanwhile.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="resource">What is followed.</param>
/// <param name="clock">The clock of pauses after failures.</param>
/// <param name="warn">Is told, a line each, what goes wrong.</param>
/// <param name="selector">Query that narrows it, such as <c>fieldSelector=spec.nodeName%3Da</c>; empty: all.</param>
/// <param name="accept">The form in which objects are asked for, such as one of their metadata only; null: JSON, whole.</param>
public sealed class Informer<T>(
    KubernetesClient client, ApiResource<T> resource, TimeProvider clock, Action<string> warn, string selector = "", string? accept = null)
    : ObjectCache<T>, IInformer
    where T : KubernetesObject
{
    private const string InitialEventsEnd = "k8s.io/initial-events-end";
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _revision = "";
    private HashSet<ObjectKey>? _unseen;

    /// <inheritdoc/>
    public Task Synced => _synced.Task;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var pause = _firstPause;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var before = _revision;
                await WatchAsync(cancellation);
                pause = _revision == before ? pause : _firstPause;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (ApiStatusException e) when (e.IsExpired)
            {
                _revision = "";
                continue;
            }
            catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or JsonException or OperationCanceledException)
            {
                warn($"the watch of {resource} failed, and is taken up again: {e.Message}");
            }

            await Task.Delay(pause, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }

    private async Task WatchAsync(CancellationToken cancellation)
    {
        var query = _revision.Length == 0
            ? "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
            : $"?watch=true&allowWatchBookmarks=true&resourceVersion={_revision}";
        _unseen = _revision.Length == 0 ? [.. Keys()] : null;
        using var response = await client.OpenAsync(
            resource.Path("") + query + (selector.Length == 0 ? "" : "&" + selector), accept, cancellation);
        var lines = PipeReader.Create(
            await response.Content.ReadAsStreamAsync(cancellation), new StreamPipeReaderOptions(bufferSize: 64 * 1024, minimumReadSize: 16 * 1024));
        try
        {
            await ReadAsync(lines, cancellation);
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }

    private async Task ReadAsync(PipeReader lines, CancellationToken cancellation)
    {
        while (true)
        {
            var read = await lines.ReadAsync(cancellation);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                Take(buffer.Slice(0, end));
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            lines.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private void Take(in ReadOnlySequence<byte> line)
    {
        if (line.IsSingleSegment)
        {
            Take(line.FirstSpan);
            return;
        }

        var copy = ArrayPool<byte>.Shared.Rent((int)line.Length);
        line.CopyTo(copy);
        Take(copy.AsSpan(0, (int)line.Length));
        ArrayPool<byte>.Shared.Return(copy);
    }

    private void Take(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return;
        }

        var line = WatchLine.Cut(text);
        if (line.Type.SequenceEqual("ERROR"u8))
        {
            using var status = JsonDocument.Parse(line.Object.ToArray());
            throw KubernetesClient.Failure(
                status.RootElement.TryGetProperty("code", out var code) ? code.GetInt32() : 500, status.RootElement);
        }

        var value = JsonSerializer.Deserialize(line.Object, resource.Form) ?? throw new JsonException($"an event of {resource} holds no object");
        if (line.Type.SequenceEqual("BOOKMARK"u8))
        {
            TakeBookmark(value);
        }
        else if (line.Type.SequenceEqual("DELETED"u8))
        {
            Remove(value.Key, value);
        }
        else
        {
            _unseen?.Remove(value.Key);
            Set(value);
        }

        // In the initial state objects come in the order of their names: none of their revisions is one to go on from.
        if (_unseen is null)
        {
            _revision = value.Metadata.ResourceVersion;
        }
    }

    private void TakeBookmark(T bookmark)
    {
        if (_unseen is null || !bookmark.Metadata.Annotations.ContainsKey(InitialEventsEnd))
        {
            return;
        }

        var gone = _unseen;
        _unseen = null;
        foreach (var key in gone)
        {
            Remove(key);
        }

        _synced.TrySetResult();
    }
}
