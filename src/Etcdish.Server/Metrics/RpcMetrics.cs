using System.Collections.Frozen;
using Etcdish.Rpc;

namespace Etcdish.Server.Metrics;

/// <summary>
/// Counts calls and messages under the names of the gRPC metrics that etcd's dashboards read. Each method's counters exist from the start,
/// in an array by the method's index, so that a call costs a few interlocked additions.
/// </summary>
internal sealed class RpcMetrics : RpcObserver
{
    private static readonly int _statusCount = Enum.GetValues<StatusCode>().Length;
    private static readonly double[] _handlingBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly bool _isExtensive;
    private readonly Counter _receivedBytes;
    private readonly Counter _sentBytes;
    private readonly FrozenDictionary<StatusCode, string> _codeNames = Enum.GetValues<StatusCode>()
        .ToFrozenDictionary(code => code, code => code == StatusCode.Ok ? "OK" : code.ToString());

    private MethodCounters[] _methods = [];

    public RpcMetrics(MetricRegistry registry, bool isExtensive)
    {
        _isExtensive = isExtensive;
        _receivedBytes = registry.AddCounter(
            "etcd_network_client_grpc_received_bytes_total", "The total number of bytes received from grpc clients.");
        _sentBytes = registry.AddCounter("etcd_network_client_grpc_sent_bytes_total", "The total number of bytes sent to grpc clients.");
        Add(registry, "grpc_server_started_total", "Total number of RPCs started on the server.", method => method.Started);
        Add(registry, "grpc_server_msg_received_total", "Total number of RPC stream messages received on the server.", m => m.Received);
        Add(registry, "grpc_server_msg_sent_total", "Total number of gRPC stream messages sent by the server.", method => method.Sent);
        registry.AddFamily(
            "grpc_server_handled_total",
            "counter",
            "Total number of RPCs completed on the server, regardless of success or failure.",
            CollectHandled);
        if (isExtensive)
        {
            registry.AddFamily(
                "grpc_server_handling_seconds",
                "histogram",
                "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
                writer =>
                {
                    foreach (MethodCounters method in _methods)
                    {
                        writer.Histogram("grpc_server_handling_seconds", method.Labels, method.Handling!);
                    }
                });
        }
    }

    /// <summary>Told by each finished call, for the log of slow requests; set before the server starts.</summary>
    public Action<RpcMethod, StatusCode, TimeSpan>? OnCallEnded { get; set; }

    /// <summary>Sets up the counters; before the server starts.</summary>
    public void Attach(IReadOnlyList<RpcMethod> methods) =>
        _methods = [.. methods.Select(method => new MethodCounters(method, _isExtensive))];

    /// <inheritdoc/>
    public override void CallStarted(RpcMethod method) => _methods[method.Index].Started.Increment();

    /// <inheritdoc/>
    public override void CallEnded(RpcMethod method, StatusCode status, TimeSpan elapsed)
    {
        MethodCounters counters = _methods[method.Index];
        counters.Handled[(int)status].Increment();
        counters.Handling?.Observe(elapsed);
        OnCallEnded?.Invoke(method, status, elapsed);
    }

    /// <inheritdoc/>
    public override void MessageReceived(RpcMethod method, int bytes)
    {
        _methods[method.Index].Received.Increment();
        _receivedBytes.Add(bytes);
    }

    /// <inheritdoc/>
    public override void MessageSent(RpcMethod method, int bytes)
    {
        _methods[method.Index].Sent.Increment();
        _sentBytes.Add(bytes);
    }

    private void Add(MetricRegistry registry, string name, string help, Func<MethodCounters, Counter> select) =>
        registry.AddFamily(name, "counter", help, writer =>
        {
            foreach (MethodCounters method in _methods)
            {
                writer.Sample(name, method.Labels, select(method).Value);
            }
        });

    private void CollectHandled(MetricWriter writer)
    {
        foreach (MethodCounters method in _methods)
        {
            for (int code = 0; code < _statusCount; code++)
            {
                long count = method.Handled[code].Value;
                if (count > 0 || code == (int)StatusCode.Ok)
                {
                    string label = MetricWriter.Labels(("grpc_code", _codeNames[(StatusCode)code]));
                    writer.Sample("grpc_server_handled_total", $"{label},{method.Labels}", count);
                }
            }
        }
    }

    private sealed class MethodCounters(RpcMethod method, bool isExtensive)
    {
        public string Labels { get; } = MetricWriter.Labels(
            ("grpc_method", method.Name),
            ("grpc_service", method.Service),
            ("grpc_type", (method.IsClientStreaming, method.IsServerStreaming) switch
            {
                (false, false) => "unary",
                (true, false) => "client_stream",
                (false, true) => "server_stream",
                _ => "bidi_stream",
            }));

        public Counter Started { get; } = new();

        public Counter Received { get; } = new();

        public Counter Sent { get; } = new();

        public Counter[] Handled { get; } = [.. Enumerable.Range(0, _statusCount).Select(_ => new Counter())];

        public Histogram? Handling { get; } = isExtensive ? new Histogram(_handlingBounds) : null;
    }
}
