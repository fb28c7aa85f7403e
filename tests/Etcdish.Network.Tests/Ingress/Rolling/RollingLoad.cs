using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Etcdish.Network.Ingress;

namespace Etcdish.Network.Tests.Ingress.Rolling;

/// <summary>Requests of all kinds through an ingress, counted. What fails is never tried again.</summary>
/// <param name="ingress">The ingress.</param>
/// <param name="requests">How many there are in all.</param>
internal sealed class RollingLoad(IngressController ingress, int requests)
{
    private const int NotedFailures = 10;
    private const int ConnectionsOfHttp2 = 2;
    private static readonly byte[] _greeting = Encoding.ASCII.GetBytes(PodServer.Greeting);
    private static readonly byte[] _small = MakeBody(1000);
    private static readonly byte[] _large = MakeBody(100_000);
    private readonly List<string> _failures = [];
    private readonly List<string> _kinds = [];
    private int _sent;
    private int _failed;

    /// <summary>How many have been answered, well or not.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>How many were not answered as they should.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>What happened to the first that failed; to be read when all are sent.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>How many there were of each kind, and how long they took; to be read when all are sent.</summary>
    public IReadOnlyList<string> Kinds => _kinds;

    /// <summary>Sends them all.</summary>
    public Task RunAsync(CancellationToken cancellation) => Task.WhenAll(
        KeptAsync(share: 30, clients: 6, RollingCluster.Web, isTls: false, [], cancellation),
        KeptAsync(share: 13, clients: 3, RollingCluster.Web, isTls: true, _small, cancellation),
        KeptAsync(share: 1, clients: 1, RollingCluster.Web, isTls: false, _large, cancellation),
        FreshAsync(share: 5, clients: 2, RollingCluster.Web, isTls: false, cancellation),
        FreshAsync(share: 1, clients: 1, RollingCluster.Web, isTls: true, cancellation),
        Http2Async(share: 12, clients: 6, RollingCluster.Web, byHttp2: false, [], cancellation),
        Http2Async(share: 5, clients: 3, RollingCluster.Web, byHttp2: false, _small, cancellation),
        Http2Async(share: 8, clients: 4, RollingCluster.Web, byHttp2: true, _small, cancellation),
        KeptAsync(share: 15, clients: 4, RollingCluster.Brisk, isTls: false, [], cancellation),
        Http2Async(share: 10, clients: 4, RollingCluster.Brisk, byHttp2: true, [], cancellation));

    private static byte[] MakeBody(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)('a' + (i % 26)))];

    /// <summary>Requests over connections of HTTP/1.1 that are kept.</summary>
    private Task KeptAsync(int share, int clients, string deployment, bool isTls, byte[] body, CancellationToken cancellation)
    {
        var host = RollingCluster.HostOf(deployment, byHttp2: false);
        var request = KeptConnection.MakeRequest(host, body);
        var expected = body.Length == 0 ? _greeting : body;
        return ShareAsync($"{(isTls ? "https" : "http")} {host} over kept connections, {body.Length} bytes", share, clients, async take =>
        {
            KeptConnection? connection = null;
            while (take())
            {
                await CountAsync($"HTTP/1.1 to {host} with {body.Length} bytes", async () =>
                {
                    var kept = connection ?? await OpenAsync(host, isTls, cancellation);
                    connection = null;
                    var failure = await kept.AskAsync(request, expected, cancellation);
                    connection = kept;
                    return failure;
                });
            }

            await (connection?.DisposeAsync() ?? default);
        });
    }

    /// <summary>Requests over a connection each.</summary>
    private Task FreshAsync(int share, int clients, string deployment, bool isTls, CancellationToken cancellation)
    {
        var host = RollingCluster.HostOf(deployment, byHttp2: false);
        var request = KeptConnection.MakeRequest(host, []);
        return ShareAsync($"{(isTls ? "https" : "http")} {host}, a connection each", share, clients, async take =>
        {
            while (take())
            {
                await CountAsync($"a connection to {host}", async () =>
                {
                    await using var connection = await OpenAsync(host, isTls, cancellation);
                    return await connection.AskAsync(request, _greeting, cancellation);
                });
            }
        });
    }

    /// <summary>Requests by HTTP/2 over TLS.</summary>
    /// <param name="share">How many of a hundred.</param>
    /// <param name="clients">How many at once.</param>
    /// <param name="deployment">Whom they are for.</param>
    /// <param name="byHttp2">Whether pods get them by HTTP/2 too.</param>
    /// <param name="body">What they bring; empty: they are GETs.</param>
    /// <param name="cancellation">Breaks off.</param>
    private async Task Http2Async(int share, int clients, string deployment, bool byHttp2, byte[] body, CancellationToken cancellation)
    {
        var host = RollingCluster.HostOf(deployment, byHttp2);
        var url = new Uri($"https://{ingress.HttpsEndPoint}/");
        var expected = body.Length == 0 ? _greeting : body;
        HttpMessageInvoker[] connections = [.. Enumerable.Range(0, ConnectionsOfHttp2).Select(_ => MakeInvoker())];
        var next = 0;
        await ShareAsync($"h2 {host}, {body.Length} bytes", share, clients, async take =>
        {
            var http = connections[Interlocked.Increment(ref next) % connections.Length];
            while (take())
            {
                await CountAsync($"HTTP/2 to {host} with {body.Length} bytes", async () =>
                {
                    using var request = new HttpRequestMessage(body.Length == 0 ? HttpMethod.Get : HttpMethod.Post, url)
                    {
                        Version = HttpVersion.Version20,
                        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                        Headers = { Host = host },
                        Content = body.Length == 0 ? null : new ByteArrayContent(body),
                    };
                    using var response = await http.SendAsync(request, cancellation);
                    var answer = await response.Content.ReadAsByteArrayAsync(cancellation);
                    return response.StatusCode == HttpStatusCode.OK && answer.AsSpan().SequenceEqual(expected)
                        ? null
                        : $"{(int)response.StatusCode} {Encoding.Latin1.GetString(answer.AsSpan(0, Math.Min(answer.Length, 100)))}";
                });
            }
        });
        Array.ForEach(connections, connection => connection.Dispose());
    }

    private static HttpMessageInvoker MakeInvoker() => new(new SocketsHttpHandler
    {
#pragma warning disable CA5359 // Certificates are looked at where they are the matter.
        SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
    });

    private Task<KeptConnection> OpenAsync(string host, bool isTls, CancellationToken cancellation) =>
        KeptConnection.OpenAsync(isTls ? ingress.HttpsEndPoint : ingress.HttpEndPoint, isTls ? host : "", cancellation);

    /// <summary>Runs clients, each of which may send a request as often as it is told to.</summary>
    private async Task ShareAsync(string what, int share, int clients, Func<Func<bool>, Task> client)
    {
        var all = (int)((long)requests * share / 100);
        var left = all;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(() => client(() => Interlocked.Decrement(ref left) >= 0))));
        lock (_kinds)
        {
            var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            _kinds.Add(string.Create(CultureInfo.InvariantCulture, $"{all} by {what}: {seconds:0.0} s"));
        }
    }

    private async Task CountAsync(string what, Func<ValueTask<string?>> ask)
    {
        string? failure;
        var began = Stopwatch.GetTimestamp();
        try
        {
            failure = await ask();
        }
        catch (Exception e) when (e is IOException or HttpRequestException or System.Net.Sockets.SocketException or InvalidDataException)
        {
            failure = $"{e.Message} ({e.InnerException?.Message})";
        }

        Interlocked.Increment(ref _sent);
        if (failure is not null)
        {
            Interlocked.Increment(ref _failed);
            lock (_failures)
            {
                if (_failures.Count < NotedFailures)
                {
                    var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
                    _failures.Add(string.Create(CultureInfo.InvariantCulture, $"{what} after {seconds:0.00} s: {failure}"));
                }
            }
        }
    }
}
