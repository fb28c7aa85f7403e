using System.Net;
using System.Net.Security;
using System.Text;

namespace Etcdish.Network.Ingress;

/// <summary>
/// An endpoint and the connections to it. One that has left takes no new requests; when the last one under way ends, its connections are
/// closed. For use by many threads.
/// </summary>
internal sealed class Backend : IDisposable
{
    /// <summary>How long an endpoint that did not take a connection is passed over if there are others.</summary>
    private static readonly TimeSpan _failureMemory = TimeSpan.FromSeconds(2);

    // Shorter than what most servers give idle connections.
    private static readonly TimeSpan _idleConnectionTime = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _nameMemory = TimeSpan.FromMinutes(1);

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _clock;
    private int _active;
    private int _hasLeft;
    private int _isClosed;
    private long _failedAt;

    /// <summary>Makes one; connections are made when requests come.</summary>
    public Backend(BackendAddress address, BackendProtocol protocol, IngressOptions options, TimeProvider clock)
    {
        Address = address;
        _clock = clock;
        var hasTls = protocol is BackendProtocol.Https or BackendProtocol.Http2Tls;
        Origin = (hasTls ? "https://" : "http://") + address.Authority;
        Version = protocol is BackendProtocol.Http2 or BackendProtocol.Http2Tls ? HttpVersion.Version20 : HttpVersion.Version11;
        _http = new HttpMessageInvoker(MakeHandler(address, options));
    }

    /// <summary>Where it is.</summary>
    public BackendAddress Address { get; }

    /// <summary>Scheme, host and port.</summary>
    public string Origin { get; }

    /// <summary>The version of HTTP that it speaks.</summary>
    public Version Version { get; }

    /// <summary>How many requests are under way.</summary>
    public int Active => Volatile.Read(ref _active);

    /// <summary>Whether it has lately not taken a connection.</summary>
    public bool HasFailed =>
        Volatile.Read(ref _failedAt) is var at and not 0 && _clock.GetElapsedTime(at) < _failureMemory;

    /// <summary>Begins a request, unless the endpoint has left; <see cref="Exit"/> must follow if it has begun.</summary>
    public bool TryEnter()
    {
        Interlocked.Increment(ref _active);
        if (Volatile.Read(ref _hasLeft) == 0)
        {
            return true;
        }

        Exit();
        return false;
    }

    /// <summary>Ends a request.</summary>
    public void Exit()
    {
        if (Interlocked.Decrement(ref _active) == 0 && Volatile.Read(ref _hasLeft) != 0)
        {
            Close();
        }
    }

    /// <summary>The endpoint leaves.</summary>
    public void Dispose()
    {
        // A full fence: either a request that begins sees this, or this sees the request.
        Interlocked.Exchange(ref _hasLeft, 1);
        if (Active == 0)
        {
            Close();
        }
    }

    /// <summary>Notes that it did not take a connection.</summary>
    public void NoteFailure() => Volatile.Write(ref _failedAt, Math.Max(1, _clock.GetTimestamp()));

    /// <summary>Sends a request; completes when the head of the answer is there.</summary>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        _http.SendAsync(request, cancellation);

    private static SocketsHttpHandler MakeHandler(BackendAddress address, IngressOptions options) => new()
    {
        ActivityHeadersPropagator = null,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = options.Dial is { } dial ? (connection, cancellation) => dial(connection.DnsEndPoint, cancellation) : null,
        ConnectTimeout = options.ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        MaxResponseHeadersLength = Math.Max(1, options.MaxHeaderBytes / 1024),
        PooledConnectionIdleTimeout = _idleConnectionTime,

        // What a name means may change.
        PooledConnectionLifetime = IPAddress.TryParse(address.Host, out _) ? Timeout.InfiniteTimeSpan : _nameMemory,

        // Bytes pass as they are.
        RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
        ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
#pragma warning disable CA5359 // Pods have certificates of their own making; who needs more says so in the pod network.
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = static (_, _, _, _) => true },
#pragma warning restore CA5359
        UseCookies = false,
        UseProxy = false,
    };

    private void Close()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            _http.Dispose();
        }
    }
}
