using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Tests.Fakes;

/// <summary>A recorder of events, and what it wrote.</summary>
internal sealed class EventLog : HttpMessageHandler, IAsyncDisposable
{
    private readonly List<string> _lines = [];
    private readonly KubernetesClient _client;
    private bool _isOver;

    public EventLog(TimeProvider clock)
    {
        _client = new KubernetesClient(this, new Uri("http://events"));
        Recorder = new EventRecorder(_client, "kubelet", clock);
    }

    public EventRecorder Recorder { get; }

    /// <summary>Ends the recorder; all that was told, as <c>Normal Pulled text</c>.</summary>
    public async Task<IReadOnlyList<string>> EndAsync()
    {
        await DisposeAsync();
        return _lines;
    }

    public async ValueTask DisposeAsync()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        await Recorder.DisposeAsync();
        _client.Dispose();
        Dispose();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Post)
        {
            var sent = JsonNode.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken))!;
            _lines.Add($"{sent["type"]} {sent["reason"]} {sent["message"]}");
        }

        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
    }
}
