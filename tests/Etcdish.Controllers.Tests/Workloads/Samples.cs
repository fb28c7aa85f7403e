using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ClusterBench;
using Etcdish.Controllers.Workloads;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Workloads;

/// <summary>What the tests of workloads share.</summary>
internal static class Samples
{
    private static int _namespaces;

    /// <summary>Events, as far as tests read them.</summary>
    private static readonly ApiResource _events = new("", "v1", "events", "Event", true);

    /// <summary>A namespace of its own for a test.</summary>
    public static async Task<string> NamespaceAsync(ControlBench bench)
    {
        var name = $"test-{Interlocked.Increment(ref _namespaces)}";
        var value = new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } };
        await bench.Client.SendAsync(HttpMethod.Post, "/api/v1/namespaces", value, null, CancellationToken.None);
        return name;
    }

    /// <summary>A process with the controllers of deployments, whose writes get lost at times, and whose watches break.</summary>
    public static FaultyProcess StartProcess(ControlBench bench, int seed) => new(
        bench, seed, Flakiness.LosesWrites with { CutWatches = 0.02 }, workers: 2, context => [new DeploymentController(context), new ReplicaSetController(context)]);

    /// <summary>The events of a reason, in order, when there are so many.</summary>
    public static async Task<JsonObject[]> EventsAsync(ControlBench bench, string ns, string reason, int count)
    {
        // They are written in the background, and in order: behind the last of them comes this.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var watch = await bench.Client.OpenAsync(
            _events.Path(ns) + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true", null, patience.Token);
        using var lines = new StreamReader(await watch.Content.ReadAsStreamAsync(patience.Token));
        List<JsonObject> found = [];
        while (found.Count < count && await lines.ReadLineAsync(patience.Token) is { } line)
        {
            var told = JsonNode.Parse(line)!["object"]!.AsObject();
            if (told["reason"]?.GetValue<string>() == reason)
            {
                found.Add(told);
            }
        }

        return [.. found.OrderBy(told => told["metadata"]!["name"]!.GetValue<string>(), StringComparer.Ordinal)];
    }

    /// <summary>A deployment in a line.</summary>
    public static string Describe(Deployment deployment) =>
        $"{deployment} generation {deployment.Metadata.Generation} {JsonSerializer.Serialize(deployment.Status)}";
}
