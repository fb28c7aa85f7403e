using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Probes;

/// <summary>
/// Requests to containers, by probes and hooks: each over a connection of its own, without the node's proxy, and with any certificate, as
/// the container's is its own affair.
/// </summary>
/// <param name="clock">The clock of limits.</param>
/// <param name="userAgent">Who asks, if the pod does not say.</param>
internal sealed class HttpCalls(TimeProvider clock, string userAgent) : IDisposable
{
    private const int MaxRedirects = 10;
    private readonly HttpMessageInvoker _http = new(MakeHandler());

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Where a request goes.</summary>
    /// <exception cref="FormatException">It names no port of the container, or nothing that a request can be sent to.</exception>
    public static Uri AddressOf(HttpGetManifest get, ContainerManifest container, string address)
    {
        var host = get.Host.Length > 0 ? get.Host : address;
        var scheme = get.Scheme.Length > 0 ? get.Scheme.ToLowerInvariant() : "http";
        var place = ProbePorts.Join(host, ProbePorts.Resolve(get.Port, container));
        var path = get.Path.StartsWith('/') ? get.Path : "/" + get.Path;
        return Uri.TryCreate($"{scheme}://{place}{path}", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new FormatException($"\"{scheme}://{place}{path}\" is no address of a request");
    }

    /// <summary>
    /// Asks, following redirects on the same host. Of the answer's body only the beginning is read.
    /// </summary>
    /// <exception cref="HttpCallException">No answer came, in Go's words.</exception>
    public async Task<(int Status, string Body)> GetAsync(
        Uri address, IReadOnlyList<HttpHeaderManifest> headers, TimeSpan limit, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        var current = address;
        try
        {
            for (var redirects = 0; ; redirects++)
            {
                using var request = MakeRequest(current, headers);
                using var response = await _http.SendAsync(request, both.Token);
                if (NextOf(response, current) is not { } next || next.IdnHost != address.IdnHost)
                {
                    return ((int)response.StatusCode, await ReadAsync(response, both.Token));
                }

                current = redirects < MaxRedirects - 1
                    ? next
                    : throw new HttpCallException($"Get \"{next}\": stopped after {MaxRedirects} redirects");
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpCallException($"Get \"{current}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HttpCallException($"Get \"{current}\": {Explain(e, current)}", e);
        }
    }

    private static SocketsHttpHandler MakeHandler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseDrainSize = 0,
        ActivityHeadersPropagator = null,
#pragma warning disable CA5359 // A container's certificate is its own affair: no probe sends anything that is secret.
        SslOptions = { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
    };

    private HttpRequestMessage MakeRequest(Uri address, IReadOnlyList<HttpHeaderManifest> headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        SetDefault(request, headers, "User-Agent", userAgent);
        SetDefault(request, headers, "Accept", "*/*");
        request.Headers.ConnectionClose = true;
        foreach (var header in headers.Where(header => header.Value.Length > 0))
        {
            if (!request.Headers.TryAddWithoutValidation(header.Name, header.Value))
            {
                request.Content ??= new ByteArrayContent([]);
                request.Content.Headers.TryAddWithoutValidation(header.Name, header.Value);
            }
        }

        return request;
    }

    /// <summary>A header that the pod gives, be it empty, is not given by us.</summary>
    private static void SetDefault(HttpRequestMessage request, IReadOnlyList<HttpHeaderManifest> headers, string name, string value)
    {
        if (!headers.Any(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static Uri? NextOf(HttpResponseMessage response, Uri current) =>
        response.StatusCode is HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is { } location
        && Uri.TryCreate(current, location, out var next)
        && next.Scheme is "http" or "https"
            ? next
            : null;

    private static async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(ProbeOutcome.MaxOutputBytes);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(cancellation);
            var read = await body.ReadAtLeastAsync(
                buffer.AsMemory(0, ProbeOutcome.MaxOutputBytes), ProbeOutcome.MaxOutputBytes, throwOnEndOfStream: false, cancellation);
            return Encoding.UTF8.GetString(buffer, 0, read);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string Explain(Exception e, Uri address) => e.InnerException switch
    {
        SocketException socket => DialErrors.Describe(ProbePorts.Join(address.IdnHost, address.Port), socket),
        AuthenticationException tls => $"tls: {tls.Message}",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
        { } inner => inner.Message,
        null => e.Message,
    };
}

/// <summary>A request to which no answer came.</summary>
internal sealed class HttpCallException(string message, Exception? inner = null) : Exception(message, inner);
