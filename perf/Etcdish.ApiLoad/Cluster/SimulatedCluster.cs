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
    private const string Leases = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";

    public UpServer Server => server;

    public string[] NodeOptions { get; } = ["--zones", $"{Zones}"];

    /// <summary>Starts it.</summary>
    public Task<TimeSpan> StartAsync(CancellationToken cancellation, params IEnumerable<string> options) =>
        server.StartAsync("up", ["--fake-nodes", $"{nodes}", .. NodeOptions, .. options], cancellation);

    /// <summary>
    /// Keeps the scheduler from working before the cluster is started: takes the lease that it would lead by, as another candidate.
    /// </summary>
    public async Task HoldSchedulerAsync(CancellationToken cancellation)
    {
        await server.StartAsync("apiserver", [], cancellation);
        await CreateAsync(
            Leases,
            """
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"kube-scheduler"},
            "spec":{"holderIdentity":"load","leaseDurationSeconds":3600} }
            """,
            cancellation);
        server.Stop();
    }

    /// <summary>Gives the lease back: the scheduler takes it with its next try.</summary>
    public async Task ReleaseSchedulerAsync(CancellationToken cancellation)
    {
        await using HttpConnection connection = await server.ConnectAsync(cancellation);
        await SendAsync(
            connection,
            HttpConnection.WithBody(
                "PATCH", Leases + "/kube-scheduler", "application/merge-patch+json", """{"spec":{"holderIdentity":""} }"""),
            200,
            cancellation);
    }

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

    /// <summary>Deletes all pods.</summary>
    public async Task DeletePodsAsync(CancellationToken cancellation)
    {
        await using HttpConnection connection = await server.ConnectAsync(cancellation);
        await SendAsync(connection, HttpConnection.WithBody("DELETE", Pods, "application/json", "{}"), 200, cancellation);
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

    private static Task CreateAsync(HttpConnection connection, string path, string text, CancellationToken cancellation) =>
        SendAsync(connection, HttpConnection.WithBody("POST", path, "application/json", text), 201, cancellation);

    private static async Task SendAsync(HttpConnection connection, byte[] request, int expected, CancellationToken cancellation)
    {
        await connection.SendAsync(request, cancellation);
        Answer answer = await connection.ReadAnswerAsync(cancellation);
        if (answer.Status != expected)
        {
            throw new InvalidOperationException($"a write was answered with {answer.Status}");
        }
    }
}
