using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>How a pod ends once it is deleted.</summary>
internal enum PodEnd
{
    /// <summary>It serves on for a while, as with a preStop hook that sleeps; then its program ends in good order.</summary>
    AfterAWhile,

    /// <summary>Its program ends at once, in good order: idle connections close before anybody has heard of it.</summary>
    AtOnce,

    /// <summary>It is gone with all that it was doing.</summary>
    Killed,
}

/// <summary>
/// Runs pods as servers in this process, each with an address of its own: pod 10.x.y.z is at 127.x.y.z. A deleted pod's program is told to
/// end at the moment at which everybody else begins to hear of it, as a kubelet does.
/// </summary>
internal sealed class RollingKubelet : Controller
{
    /// <summary>The node that it is.</summary>
    public const string NodeName = "rolling";

    private static readonly TimeSpan _preStop = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(10);
    private readonly Func<Pod, PodEnd> _endOf;
    private readonly ConcurrentDictionary<string, PodServer> _servers = [];
    private readonly ConcurrentDictionary<string, Task> _ending = [];
    private int _count;

    public RollingKubelet(ControllerContext context, Func<Pod, PodEnd> endOf)
        : base("rolling kubelet", context)
    {
        _endOf = endOf;
        context.Informers.Of(Resources.Pods).Subscribe((_, now) =>
        {
            if (now is not null)
            {
                Queue.Add(now.Key);
            }
        });
    }

    /// <summary>How many pods it has ended.</summary>
    public int Ended { get; private set; }

    /// <summary>Opens a connection to a pod.</summary>
    public static async ValueTask<Stream> DialAsync(DnsEndPoint pod, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(PlaceOf(IPAddress.Parse(pod.Host)), pod.Port), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Ends all pods.</summary>
    public async Task StopAsync()
    {
        await Task.WhenAll(_ending.Values);
        await Task.WhenAll(_servers.Values.Select(server => server.DisposeAsync().AsTask()));
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellation)
    {
        if (Context.Informers.Of(Resources.Pods).Find(key) is not { } pod)
        {
            return;
        }

        var uid = pod.Metadata.Uid;
        if (pod.Metadata.IsBeingDeleted)
        {
            _ = _ending.GetOrAdd(uid, _ => EndAsync(pod, cancellation));
        }
        else if (pod.Status.Phase is "" or "Pending" && !_servers.ContainsKey(uid))
        {
            var number = Interlocked.Increment(ref _count);
            var address = new IPAddress([10, 77, (byte)(number / 250), (byte)(number % 250 + 1)]);
            _servers[uid] = await PodServer.StartAsync(PlaceOf(address));
            await Context.Client.PatchStatusAsync(Resources.Pods, pod, Running(address), cancellation);
        }
    }

    /// <summary>A node that says nothing is taken for lost.</summary>
    protected override async Task RunInBackgroundAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_heartbeat, Context.Clock);
        try
        {
            do
            {
                var ready = new JsonObject { ["type"] = "Ready", ["status"] = "True", ["lastHeartbeatTime"] = Now() };
                var status = new JsonObject { ["conditions"] = new JsonArray(ready) };
                await Context.Client.PatchAsync(
                    Resources.Nodes, "", NodeName, new JsonObject { ["status"] = status }, PatchKind.Merge, "status", cancellation);
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private static IPAddress PlaceOf(IPAddress pod)
    {
        var bytes = pod.GetAddressBytes();
        bytes[0] = 127;
        return new IPAddress(bytes);
    }

    private async Task EndAsync(Pod pod, CancellationToken cancellation)
    {
        if (_servers.TryRemove(pod.Metadata.Uid, out var server))
        {
            var end = _endOf(pod);
            if (end == PodEnd.AfterAWhile)
            {
                await Task.Delay(_preStop, Context.Clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await (end == PodEnd.Killed ? server.KillAsync() : server.DisposeAsync().AsTask());
            Ended++;
        }

        if (!cancellation.IsCancellationRequested)
        {
            var gone = new DeleteOptions { GracePeriodSeconds = 0, Uid = pod.Metadata.Uid };
            await Context.Client.DeleteAsync(Resources.Pods, pod.Metadata.Namespace, pod.Metadata.Name, gone, CancellationToken.None);
        }
    }

    private string Now() => TimeText.Format(Context.Clock.GetUtcNow());

    private JsonObject Running(IPAddress address) => new()
    {
        ["phase"] = "Running",
        ["podIP"] = address.ToString(),
        ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address.ToString() }),
        ["startTime"] = Now(),
        ["conditions"] = new JsonArray(
            new JsonObject { ["type"] = "Ready", ["status"] = "True", ["lastTransitionTime"] = Now() }),
    };
}
