using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests.Control;

/// <summary>Keeps one Lease as a server does: created once, replaced only by who has read its last revision.</summary>
internal sealed class LeaseServer
{
    private readonly Lock _lock = new();
    private int _revision;

    /// <summary>The lease; null if there is none.</summary>
    public JsonObject? Lease { get; private set; }

    /// <summary>Its specification.</summary>
    public JsonObject Spec => Lease!["spec"]!.AsObject();

    /// <summary>A client of its own, whose requests may be held up.</summary>
    public LeaseClient Connect() => new(this);

    /// <summary>Changes the lease as somebody else would.</summary>
    public void Change(Action<JsonObject> change)
    {
        lock (_lock)
        {
            change(Lease!);
            Stamp();
        }
    }

    /// <summary>Removes the lease.</summary>
    public void Remove() => Lease = null;

    public HttpResponseMessage Answer(HttpMethod method, JsonObject? body)
    {
        lock (_lock)
        {
            if (method == HttpMethod.Post)
            {
                return Lease is null ? Store(body!) : Refuse(HttpStatusCode.Conflict, "AlreadyExists");
            }

            if (Lease is null)
            {
                return Refuse(HttpStatusCode.NotFound, "NotFound");
            }

            if (method == HttpMethod.Get)
            {
                return Reply(HttpStatusCode.OK, Lease);
            }

            return Revision(body!) == Revision(Lease) ? Store(body!) : Refuse(HttpStatusCode.Conflict, "Conflict");
        }
    }

    private static string Revision(JsonObject lease) => lease["metadata"]!["resourceVersion"]!.GetValue<string>();

    private static HttpResponseMessage Refuse(HttpStatusCode status, string reason) =>
        Reply(status, new JsonObject { ["kind"] = "Status", ["code"] = (int)status, ["reason"] = reason });

    private static HttpResponseMessage Reply(HttpStatusCode status, JsonNode body) =>
        new(status) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };

    private HttpResponseMessage Store(JsonObject lease)
    {
        Lease = (JsonObject)lease.DeepClone();
        Stamp();
        return Reply(HttpStatusCode.OK, Lease);
    }

    private void Stamp() => Lease!["metadata"]!["resourceVersion"] = (++_revision).ToString(CultureInfo.InvariantCulture);
}

/// <summary>A client of a <see cref="LeaseServer"/>.</summary>
internal sealed class LeaseClient(LeaseServer server) : HttpMessageHandler
{
    private TaskCompletionSource? _held;

    /// <summary>Whether requests fail.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>Lets requests wait for ever from now on.</summary>
    public void Hold() => _held = new TaskCompletionSource();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_held is { } held)
        {
            await held.Task.WaitAsync(cancellationToken);
        }

        if (IsCutOff)
        {
            throw new HttpRequestException("cut off");
        }

        var body = request.Content is null ? null : JsonNode.Parse(await request.Content.ReadAsByteArrayAsync(cancellationToken));
        return server.Answer(request.Method, body?.AsObject());
    }
}
