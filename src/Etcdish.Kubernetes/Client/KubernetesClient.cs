using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubernetes.Client;

/// <summary>
/// Speaks to a Kubernetes API, of any server. It is given a way to send requests, which may be a socket or a server in the same process.
/// A server that is asked too much and says for how long (429 with Retry-After, which means that nothing was done) is asked again, up to
/// ten times. For use by many threads.
/// </summary>
/// <param name="handler">Sends requests, as the user it stands for. Closed with the client.</param>
/// <param name="server">The server's URL.</param>
/// <param name="userAgent">Who asks; the manager of the fields that it writes.</param>
/// <param name="clock">The clock by which it waits when the server is asked too much; null: the machine's.</param>
public sealed class KubernetesClient(
    HttpMessageHandler handler, Uri server, string userAgent = "etcdish", TimeProvider? clock = null) : IDisposable
{
    private static readonly MediaTypeHeaderValue[] _contentTypes =
    [
        new("application/merge-patch+json"),
        new("application/strategic-merge-patch+json"),
        new("application/json-patch+json"),
        new("application/apply-patch+yaml"),
    ];

    private static readonly MediaTypeHeaderValue _json = new("application/json");
    private readonly HttpMessageInvoker _http = new(new ThrottledHandler(clock ?? TimeProvider.System, handler));

    /// <summary>A client of the cluster that a kubeconfig names, as its user.</summary>
    /// <param name="path">The file.</param>
    /// <param name="userAgent">Who asks.</param>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="FormatException">What it holds is no kubeconfig, or one that cannot be used here.</exception>
    public static KubernetesClient FromKubeconfig(string path, string userAgent = "etcdish")
    {
        var access = KubeconfigFile.Read(path);
        return new KubernetesClient(access.MakeHandler(), access.Server, userAgent);
    }

    /// <summary>Reads an object.</summary>
    /// <exception cref="ApiStatusException">There is none, or the server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<T> GetAsync<T>(ApiResource<T> resource, string ns, string name, CancellationToken cancellation)
        where T : KubernetesObject =>
        Read(await SendAsync(HttpMethod.Get, resource.Path(ns, name), null, null, cancellation), resource);

    /// <summary>Reads an object, or null if there is none.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<T?> FindAsync<T>(ApiResource<T> resource, string ns, string name, CancellationToken cancellation)
        where T : KubernetesObject
    {
        try
        {
            return await GetAsync(resource, ns, name, cancellation);
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Creates an object.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached: the object may have been created.</exception>
    public async Task<T> CreateAsync<T>(ApiResource<T> resource, string ns, JsonObject value, CancellationToken cancellation)
        where T : KubernetesObject =>
        Read(await SendAsync(HttpMethod.Post, resource.Path(ns), value, _json, cancellation), resource);

    /// <summary>Replaces an object, or a part of one.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<T> UpdateAsync<T>(
        ApiResource<T> resource, string ns, string name, JsonObject value, string subresource, CancellationToken cancellation)
        where T : KubernetesObject =>
        Read(await SendAsync(HttpMethod.Put, resource.Path(ns, name, subresource), value, _json, cancellation), resource);

    /// <summary>Changes an object, or a part of one.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<T> PatchAsync<T>(
        ApiResource<T> resource, string ns, string name, JsonNode patch, PatchKind kind, string subresource, CancellationToken cancellation)
        where T : KubernetesObject =>
        Read(await PatchAsync((ApiResource)resource, ns, name, patch, kind, subresource, cancellation), resource);

    /// <summary>
    /// Writes status on the condition that nobody has changed the object since it was read: a merge patch of the fields in
    /// <paramref name="status"/>, whose lists replace those that were there; a null removes.
    /// </summary>
    /// <exception cref="ApiStatusException">Somebody was faster (IsConflict), or the server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<T> PatchStatusAsync<T>(ApiResource<T> resource, T read, JsonObject status, CancellationToken cancellation)
        where T : KubernetesObject
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = read.Metadata.ResourceVersion, ["uid"] = read.Metadata.Uid },
            ["status"] = status,
        };
        return PatchAsync(resource, read.Metadata.Namespace, read.Metadata.Name, patch, PatchKind.Merge, "status", cancellation);
    }

    /// <summary>Changes an object of any resource, or a part of one; the answer as it came.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<byte[]> PatchAsync(
        ApiResource resource, string ns, string name, JsonNode patch, PatchKind kind, string subresource, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Patch, resource.Path(ns, name, subresource), patch, _contentTypes[(int)kind], cancellation);

    /// <summary>As the other ones, with a patch that is text already.</summary>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<byte[]> PatchAsync(
        ApiResource resource,
        string ns,
        string name,
        ReadOnlyMemory<byte> patch,
        PatchKind kind,
        string subresource,
        CancellationToken cancellation) =>
        SendTextAsync(HttpMethod.Patch, resource.Path(ns, name, subresource), patch, _contentTypes[(int)kind], cancellation);

    /// <summary>Deletes an object. False if there was none.</summary>
    /// <exception cref="ApiStatusException">A precondition does not hold (IsConflict), or the server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<bool> DeleteAsync(
        ApiResource resource, string ns, string name, DeleteOptions? options, CancellationToken cancellation)
    {
        try
        {
            await SendAsync(HttpMethod.Delete, resource.Path(ns, name), options?.ToJson(), _json, cancellation);
            return true;
        }
        catch (ApiStatusException e) when (e.IsNotFound)
        {
            return false;
        }
    }

    /// <summary>Sends any request; the answer's body as it came.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query.</param>
    /// <param name="body">The body, or null.</param>
    /// <param name="contentType">The body's type; null: JSON.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<byte[]> SendAsync(
        HttpMethod method, string path, JsonNode? body, MediaTypeHeaderValue? contentType, CancellationToken cancellation) =>
        SendTextAsync(method, path, body is null ? default(ReadOnlyMemory<byte>?) : JsonTree.ToBytes(body), contentType, cancellation);

    /// <summary>Posts JSON that is text already; the answer's body as it came.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="body">The body.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public Task<byte[]> PostAsync(string path, ReadOnlyMemory<byte> body, CancellationToken cancellation) =>
        SendTextAsync(HttpMethod.Post, path, body, _json, cancellation);

    /// <summary>Sends a request whose answer is read while it comes: a watch.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="accept">The form wanted; null: JSON.</param>
    /// <param name="cancellation">Ends the wait and the answer.</param>
    /// <exception cref="ApiStatusException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">The server cannot be reached.</exception>
    public async Task<HttpResponseMessage> OpenAsync(string path, string? accept, CancellationToken cancellation)
    {
        using var request = MakeRequest(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept ?? "application/json");
        var response = await _http.SendAsync(request, cancellation);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw Failure(response, await response.Content.ReadAsByteArrayAsync(cancellation));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    internal static ApiStatusException Failure(int code, JsonElement status)
    {
        var reason = status.TryGetProperty("reason", out var r) ? r.GetString() ?? "" : "";
        var message = status.TryGetProperty("message", out var m) ? m.GetString() ?? "" : "";
        List<string> causes = [];
        if (status.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Object
            && details.TryGetProperty("causes", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            causes.AddRange(list.EnumerateArray().Select(c => c.TryGetProperty("reason", out var word) ? word.GetString() ?? "" : ""));
        }

        return new ApiStatusException(code, reason, message) { Causes = causes };
    }

    private async Task<byte[]> SendTextAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, MediaTypeHeaderValue? contentType, CancellationToken cancellation)
    {
        using var request = MakeRequest(method, path);
        if (body is { } text)
        {
            request.Content = new WholeContent(text);
            request.Content.Headers.ContentType = contentType ?? _json;
        }

        using var response = await _http.SendAsync(request, cancellation);
        var answer = await WholeContent.ReadAsync(response.Content, cancellation);
        return response.IsSuccessStatusCode ? answer : throw Failure(response, answer);
    }

    private HttpRequestMessage MakeRequest(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(server, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("User-Agent", userAgent);
        return request;
    }

    private static ApiStatusException Failure(HttpResponseMessage response, byte[] answer)
    {
        var code = (int)response.StatusCode;
        try
        {
            using var status = JsonDocument.Parse(answer);
            var failure = status.RootElement.ValueKind == JsonValueKind.Object
                ? Failure(code, status.RootElement)
                : new ApiStatusException(code, "", response.ReasonPhrase ?? "");
            return new ApiStatusException(code, failure.Reason, failure.Message)
            {
                Causes = failure.Causes,
                RetryAfter = response.Headers.RetryAfter?.Delta ?? TimeSpan.Zero,
            };
        }
        catch (JsonException)
        {
            // What stands between client and server, such as a proxy, answers in words of its own.
            return new ApiStatusException(code, "", $"{code}: {System.Text.Encoding.UTF8.GetString(answer)}");
        }
    }

    private static T Read<T>(byte[] answer, ApiResource<T> resource)
        where T : KubernetesObject =>
        JsonSerializer.Deserialize(answer, resource.Form) ?? throw new JsonException($"the answer holds no object of {resource}");
}
