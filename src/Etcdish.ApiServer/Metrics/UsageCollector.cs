using System.Collections.Concurrent;
using Etcdish.ApiServer.Streaming;

namespace Etcdish.ApiServer.Metrics;

/// <summary>Asks the kubelets of many nodes at once what is used there. One that does not answer costs its node only.</summary>
/// <param name="kubelets">The way to kubelets.</param>
/// <param name="settings">How they are asked.</param>
/// <param name="clock">The clock of periods.</param>
/// <param name="warn">Told of kubelets that fail.</param>
/// <param name="stopping">The end of all.</param>
internal sealed class UsageCollector(
    PodBackend kubelets, MetricsSettings settings, TimeProvider clock, Action<string> warn, CancellationToken stopping) : IAsyncDisposable
{
    private const string Path = "/metrics/resource";

    // Some two hundred bytes a number, three numbers a container: more than any node has.
    private const int MaxBytes = 16 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, NodeUsage> _nodes = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _room = new(settings.MaxParallel);

    /// <summary>What is known of nodes when all of them have answered, or those that do in time.</summary>
    public async Task<Dictionary<string, SamplePair>> CollectAsync(IEnumerable<string> nodes, CancellationToken cancellation)
    {
        Forget();
        var asked = nodes.Distinct(StringComparer.Ordinal)
            .Select(node => (Node: node, Answer: _nodes.GetOrAdd(node, Make).GetAsync(stopping))).ToArray();
        try
        {
            await Task.WhenAll(asked.Select(one => one.Answer)).WaitAsync(settings.TotalPatience, clock, cancellation);
        }
        catch (TimeoutException)
        {
            // Those who are late will be known next time.
        }

        var known = new Dictionary<string, SamplePair>(StringComparer.Ordinal);
        foreach (var (node, answer) in asked)
        {
            if (answer.IsCompletedSuccessfully && await answer is { } pair)
            {
                known[node] = pair;
            }
        }

        return known;
    }

    /// <summary>Waits for what is under way, which has been told to end.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Values.Select(node => node.GetAsync(stopping)));
        _room.Dispose();
    }

    private void Forget()
    {
        foreach (var (node, usage) in _nodes)
        {
            if (usage.IsForgotten)
            {
                _nodes.TryRemove(new KeyValuePair<string, NodeUsage>(node, usage));
            }
        }
    }

    private NodeUsage Make(string node) => new(
        cancellation => SampleAsync(node, cancellation),
        settings,
        clock,
        why => warn($"what the node {node} and its pods use is not known: {why}"));

    private async Task<NodeSample> SampleAsync(string node, CancellationToken cancellation)
    {
        await _room.WaitAsync(cancellation);
        using var time = new CancellationTokenSource(settings.Patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, time.Token);
        try
        {
            return await SampleWithinAsync(node, limit.Token);
        }
        catch (OperationCanceledException e) when (time.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new IOException($"its kubelet did not answer within {settings.Patience.TotalSeconds} s", e);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task<NodeSample> SampleWithinAsync(string node, CancellationToken cancellation)
    {
        using var answer = await kubelets.GetAsync(node, Path, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"its kubelet answers {Path} with {(int)answer.StatusCode}");
        }

        await answer.Content.LoadIntoBufferAsync(MaxBytes, cancellation);
        return ResourceMetricsText.Read(await answer.Content.ReadAsByteArrayAsync(cancellation), clock.GetUtcNow());
    }
}
