using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.ClusterBench;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Controllers.Tests.Policy;

/// <summary>
/// The kubelet of all pods there are, as far as it tells what they use. Their work is one whole that they share.
/// </summary>
internal sealed class MetricsKubelet : IAsyncDisposable
{
    private readonly ControlBench _bench;
    private readonly TimeProvider _clock;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, double> _secondsByPod = [];
    private readonly Task _running;
    private DateTimeOffset _toldAt;

    public MetricsKubelet(ControlBench bench, TimeProvider clock)
    {
        (_bench, _clock, _toldAt) = (bench, clock, clock.GetUtcNow());
        _listener.Start();
        _running = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>How many processors the work takes.</summary>
    public double Cores { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    /// <summary>One connection after the other, and one answer on each.</summary>
    private async Task ServeAsync()
    {
        while (true)
        {
            using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 })
            {
                // Whatever is asked, this is the answer.
            }

            var body = Tell();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n{body}"), _stop.Token);
        }
    }

    private string Tell()
    {
        var now = _clock.GetUtcNow();
        var pods = _bench.Context.Informers.Of(Resources.Pods).All.ToArray();
        var text = new StringBuilder();
        foreach (var pod in pods)
        {
            var labels = $"{{container=\"c\",namespace=\"{pod.Metadata.Namespace}\",pod=\"{pod.Metadata.Name}\"}}";
            var seconds = _secondsByPod.GetValueOrDefault(pod.Metadata.Name) + (Cores / pods.Length * (now - _toldAt).TotalSeconds);
            _secondsByPod[pod.Metadata.Name] = seconds;
            Line($"container_cpu_usage_seconds_total{labels} {seconds:R}");
            Line($"container_memory_working_set_bytes{labels} 1e6");
        }

        _toldAt = now;
        return text.ToString();

        void Line(FormattableString line) =>
            text.Append(CultureInfo.InvariantCulture, $"{FormattableString.Invariant(line)} {now.ToUnixTimeMilliseconds()}\n");
    }
}
