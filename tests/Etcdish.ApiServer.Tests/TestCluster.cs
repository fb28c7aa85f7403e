using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Etcdish.ApiServer.Tests;

/// <summary>An API server without TLS, with a client that speaks plain HTTP to it.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly TestStore _store;
    private readonly Func<ApiServerOptions, ApiServerOptions> _change;
    private KubernetesApiServer _server;
    private bool _ownsStore;

    private TestCluster(TestStore store, KubernetesApiServer server, Func<ApiServerOptions, ApiServerOptions> change)
    {
        _change = change;
        _store = store;
        _server = server;
        Http = Connect();
    }

    public HttpClient Http { get; private set; }

    /// <summary>Drops the history of its own store before a revision.</summary>
    public Func<long, Task> CompactAsync =>
        _ownsStore ? _store.CompactAsync : throw new InvalidOperationException("others use this store, too");

    /// <summary>Starts one.</summary>
    /// <param name="kind">The kind of its store.</param>
    /// <param name="change">Changes its options, such as to have TLS, and with it users.</param>
    /// <param name="ownsStore">Whether its store is its own; else it has a part of one that others use, too.</param>
    public static async Task<TestCluster> StartAsync(
        StoreKind kind, Func<ApiServerOptions, ApiServerOptions>? change = null, bool ownsStore = false)
    {
        var store = ownsStore ? await TestStore.OpenAsync(kind) : await SharedStores.GetAsync(kind);
        var prefix = SharedStores.NewPrefix();
        return new TestCluster(store, await StartServerAsync(store, Place), Place) { _ownsStore = ownsStore };

        ApiServerOptions Place(ApiServerOptions options) => (change?.Invoke(options) ?? options) with { StorePrefix = prefix };
    }

    /// <summary>Another client, with a certificate if the server has TLS and one is given.</summary>
    public HttpClient Connect(X509Certificate2? certificate = null)
    {
        var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = static (_, _, _, _) => true };
        if (certificate is not null)
        {
            handler.ClientCertificates.Add(certificate);
        }

        return new HttpClient(handler) { BaseAddress = new Uri(_server.Url), Timeout = TimeSpan.FromSeconds(20) };
    }

    /// <summary>A client without sockets.</summary>
    public HttpClient ConnectInProcess(string user, params IReadOnlyList<string> groups) =>
        new(_server.ConnectInProcess(user, groups)) { BaseAddress = new Uri(_server.Url), Timeout = TimeSpan.FromSeconds(20) };

    private static Task<KubernetesApiServer> StartServerAsync(TestStore store, Func<ApiServerOptions, ApiServerOptions> change)
    {
        var options = new ApiServerOptions
        {
            Store = store.Store,
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Warn = TestContext.Out.WriteLine,
        };
        return KubernetesApiServer.StartAsync(change(options));
    }

    /// <summary>Another server on the same store; it goes before this one.</summary>
    public async Task<TestCluster> StartAnotherAsync() => new(_store, await StartServerAsync(_store, _change), _change);

    /// <summary>Stops the server and starts another one on the same store.</summary>
    public async Task RestartAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        _server = await StartServerAsync(_store, _change);
        Http = Connect();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.DisposeAsync();
        if (_ownsStore)
        {
            await _store.DisposeAsync();
        }
    }

    public Task<Answer> SendAsync(
        HttpMethod method, string path, string? body = null, string contentType = "application/json", string? accept = null) =>
        SendAsync(Http, method, path, body, contentType, accept);

    /// <summary>Sends a request by a client of one's own, with headers such as those of a user.</summary>
    public static async Task<Answer> SendAsync(
        HttpClient client,
        HttpMethod method,
        string path,
        string? body = null,
        string contentType = "application/json",
        string? accept = null,
        params IReadOnlyList<(string Name, string Value)> headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var warnings = response.Headers.TryGetValues("Warning", out var values) ? values.ToArray() : [];
        return new Answer((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : [], text, warnings);
    }

    public Task<Answer> GetAsync(string path, string? accept = null) => SendAsync(HttpMethod.Get, path, accept: accept);

    public Task<Answer> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    public Task<Answer> PutAsync(string path, string body) => SendAsync(HttpMethod.Put, path, body);

    public Task<Answer> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);

    public Task<Answer> PatchAsync(string path, string body, string kind, string form = "json") =>
        SendAsync(HttpMethod.Patch, path, body, $"application/{kind}-patch+{form}");

    /// <summary>Opens a watch.</summary>
    public async Task<EventReader> WatchAsync(string pathAndQuery) =>
        new(await Http.GetAsync(new Uri(pathAndQuery, UriKind.Relative), HttpCompletionOption.ResponseHeadersRead));
}

/// <summary>An answer.</summary>
internal sealed record Answer(int Status, JsonObject Body, string Text, IReadOnlyList<string> Warnings)
{
    /// <summary>The text at a path of fields with dots between; empty if there is none.</summary>
    public string this[string path] => Read(Body, path);

    public static string Read(JsonNode? node, string path)
    {
        foreach (var part in path.Split('.'))
        {
            node = node is JsonArray list ? list[int.Parse(part)] : node?[part];
        }

        return node?.ToString() ?? "";
    }
}

/// <summary>Reads the events of a watch.</summary>
internal sealed class EventReader(HttpResponseMessage response) : IDisposable
{
    private StreamReader? _lines;

    public async Task<JsonObject?> NextAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        _lines ??= new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
        var line = await _lines.ReadLineAsync(limit.Token);
        return line is null ? null : JsonNode.Parse(line)!.AsObject();
    }

    /// <summary>The next events, as <c>TYPE name</c>.</summary>
    public async Task<string[]> NamesAsync(int count)
    {
        var names = new string[count];
        for (var i = 0; i < count; i++)
        {
            var item = await NextAsync();
            names[i] = $"{item?["type"]} {Answer.Read(item, "object.metadata.name")}".TrimEnd();
        }

        return names;
    }

    public void Dispose()
    {
        _lines?.Dispose();
        response.Dispose();
    }
}
