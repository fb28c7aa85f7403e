using System.Text;
using Etcdish.ApiLoad.Http;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>A cluster of simulated nodes in one process: what the rows do with it.</summary>
/// <param name="server">The process; not started yet.</param>
/// <param name="nodes">How many nodes it has.</param>
internal sealed class SimulatedCluster(UpServer server, int nodes)
{
    /// <summary>How many nodes the rows have.</summary>
    public const int Nodes = 5000;

    private const int Creators = 16;
    private const int Zones = 10;
    private const string Pods = "/api/v1/namespaces/default/pods";

    public UpServer Server => server;

    public string[] NodeOptions { get; } = ["--zones", $"{Zones}"];

    /// <summary>Starts it; without a scheduler, pods stay where they are: nowhere.</summary>
    public Task<TimeSpan> StartAsync(bool withScheduler, CancellationToken cancellation) => server.StartAsync(
        "up",
        ["--fake-nodes", $"{nodes}", .. NodeOptions, .. withScheduler ? Array.Empty<string>() : ["--disable-scheduler"]],
        cancellation);

    /// <summary>Waits until all nodes are there and may be given pods, and pods may be created.</summary>
    public async Task WaitForNodesAsync(CancellationToken cancellation)
    {
        await using WatchReader watch = await WatchReader.OpenAsync(
            await server.ConnectAsync(cancellation), "/api/v1/nodes?watch=true", cancellation);
        HashSet<string> open = [];
        while (open.Count < nodes)
        {
            await watch.ReadAsync(line => Note(line, open), cancellation);
        }

        await using LineCounter account = await LineCounter.OpenAsync(
            await server.ConnectAsync(cancellation),
            "/api/v1/namespaces/default/serviceaccounts?watch=true&fieldSelector=metadata.name%3Ddefault",
            1,
            cancellation);
    }

    /// <summary>Creates pods, one after the other on each of some connections;.</summary>
    public async Task CreatePodsAsync(int count, Func<int, string> pod, CancellationToken cancellation)
    {
        int next = -1;
        await Task.WhenAll(Enumerable.Range(0, Creators).Select(async _ =>
        {
            await using HttpConnection connection = await server.ConnectAsync(cancellation);
            int number;
            while ((number = Interlocked.Increment(ref next)) < count)
            {
                await CreateAsync(connection, Pods, pod(number), cancellation);
            }
        }));
    }

    /// <summary>Creates one object.</summary>
    public async Task CreateAsync(string path, string text, CancellationToken cancellation)
    {
        await using HttpConnection connection = await server.ConnectAsync(cancellation);
        await CreateAsync(connection, path, text, cancellation);
    }

    /// <summary>Follows the pods that a field selector names; those that are there come first.</summary>
    public async Task<PodCounter> CountPodsAsync(string selector, CancellationToken cancellation) => new(await WatchReader.OpenAsync(
        await server.ConnectAsync(cancellation), $"/api/v1/pods?watch=true&fieldSelector={Uri.EscapeDataString(selector)}", cancellation));

    /// <summary>A node is new with a taint, which is taken off it when it has said that it is well.</summary>
    private static void Note(ReadOnlySpan<byte> line, HashSet<string> open)
    {
        if (line.IndexOf("\"taints\":"u8) >= 0)
        {
            return;
        }

        ReadOnlySpan<byte> name = line[(line.IndexOf("\"name\":\""u8) + 8)..];
        open.Add(Encoding.UTF8.GetString(name[..name.IndexOf((byte)'"')]));
    }

    private static async Task CreateAsync(HttpConnection connection, string path, string text, CancellationToken cancellation)
    {
        await connection.SendAsync(HttpConnection.WithBody("POST", path, "application/json", text), cancellation);
        Answer answer = await connection.ReadAnswerAsync(cancellation);
        if (answer.Status != 201)
        {
            throw new InvalidOperationException($"a new object of {path} was answered with {answer.Status}");
        }
    }
}
