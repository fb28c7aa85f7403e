using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace Etcdish.ClusterBench;

/// <summary>How often what goes wrong, each from 0 to 1.</summary>
public sealed record Flakiness
{
    /// <summary>A request is lost before the server sees it.</summary>
    public double Lost { get; init; } = 0.02;

    /// <summary>The server does what is asked, and its answer is lost.</summary>
    public double Unanswered { get; init; } = 0.02;

    /// <summary>A request is answered late; others overtake it.</summary>
    public double Late { get; init; } = 0.05;

    /// <summary>A write is refused as if somebody had been faster.</summary>
    public double Conflicting { get; init; } = 0.03;

    /// <summary>A request is refused as if the server had failed.</summary>
    public double Failing { get; init; } = 0.02;

    /// <summary>A read from a watch finds the connection broken, or cut in the middle of a line.</summary>
    public double CutWatches { get; init; } = 0.02;

    /// <summary>A read from a watch waits.</summary>
    public double SlowWatches { get; init; } = 0.1;

    /// <summary>Whether nothing happens to reads that are no watches, nor to the beginnings of watches.</summary>
    public bool SparesReads { get; init; }

    /// <summary>Nothing but what is said beside.</summary>
    public static Flakiness None { get; } = new()
    {
        Lost = 0,
        Unanswered = 0,
        Late = 0,
        Conflicting = 0,
        Failing = 0,
        CutWatches = 0,
        SlowWatches = 0,
    };

    /// <summary>One write in ten is lost, and the answer of one in ten.</summary>
    public static Flakiness LosesWrites { get; } = None with { Lost = 0.1, Unanswered = 0.1, SparesReads = true };
}

/// <summary>
/// Stands between a client and its server and does what networks and servers do on bad days, by a seed. Wrap a client of a
/// <see cref="ControlBench"/> with it: <c>bench.Connect(inner => new FlakyHandler(inner, seed))</c>. A test makes it calm in the end, and
/// sees that all comes to rest as it should. What was sent is carried out, even if nobody waits for it any more.
/// </summary>
public sealed class FlakyHandler(HttpMessageHandler inner, int seed, Flakiness? flakiness = null) : DelegatingHandler(inner)
{
    private static readonly TimeSpan _longestWait = TimeSpan.FromMilliseconds(20);

    private readonly Flakiness _flakiness = flakiness ?? new Flakiness();
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<Task, bool> _sent = [];

    /// <summary>Whether nothing goes wrong any more.</summary>
    public bool IsCalm { get; set; }

    /// <summary>How much has gone wrong.</summary>
    public int Faults { get; private set; }

    /// <summary>
    /// Waits until all that was sent has been answered: another process must not begin before. In a cluster, a lease sees to that.
    /// </summary>
    public async Task SettleAsync() => await Task.WhenAll(_sent.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Whether this goes wrong.</summary>
    internal bool Strikes(double probability)
    {
        lock (_lock)
        {
            if (IsCalm || _random.NextDouble() >= probability)
            {
                return false;
            }

            Faults++;
            return true;
        }
    }

    /// <summary>Waits a little, with probability.</summary>
    internal Task MaybeWaitAsync(double probability, CancellationToken cancellation)
    {
        if (!Strikes(probability))
        {
            return Task.CompletedTask;
        }

        lock (_lock)
        {
            return Task.Delay(_longestWait * _random.NextDouble(), cancellation);
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var isSpared = _flakiness.SparesReads && request.Method == HttpMethod.Get;
        if (!isSpared && await FailAsync(request, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        if (request.RequestUri!.Query.Contains("watch=true", StringComparison.Ordinal))
        {
            return await WatchAsync(request, cancellationToken);
        }

        var answer = await CarryOutAsync(request, cancellationToken);
        if (isSpared || !Strikes(_flakiness.Unanswered))
        {
            return answer;
        }

        answer.Dispose();
        throw new HttpRequestException(HttpRequestError.ResponseEnded, "flaky: the answer was lost");
    }

    /// <summary>What goes wrong before a request is sent: it is late, it is lost, or this is its answer.</summary>
    private async Task<HttpResponseMessage?> FailAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        await MaybeWaitAsync(_flakiness.Late, cancellation);
        if (Strikes(_flakiness.Lost))
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "flaky: the request was lost");
        }

        if (Strikes(_flakiness.Failing))
        {
            return Refuse(HttpStatusCode.InternalServerError, "InternalError");
        }

        var mayConflict = request.Method != HttpMethod.Get && request.Method != HttpMethod.Post;
        return mayConflict && Strikes(_flakiness.Conflicting) ? Refuse(HttpStatusCode.Conflict, "Conflict") : null;
    }

    private async Task<HttpResponseMessage> WatchAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var answer = await base.SendAsync(request, cancellation);
        if (answer.IsSuccessStatusCode)
        {
            var watch = await answer.Content.ReadAsStreamAsync(cancellation);
            answer.Content = new StreamContent(new FlakyStream(watch, this, _flakiness));
        }

        return answer;
    }

    private async Task<HttpResponseMessage> CarryOutAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var sent = base.SendAsync(request, CancellationToken.None);
        _sent[sent] = true;
        _ = sent.ContinueWith(
            done => _sent.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await sent.WaitAsync(cancellation);
    }

    private static HttpResponseMessage Refuse(HttpStatusCode status, string reason) => new(status)
    {
        Content = new StringContent(
            $$"""{"kind":"Status","status":"Failure","code":{{(int)status}},"reason":"{{reason}}","message":"flaky"}""",
            Encoding.UTF8,
            "application/json"),
    };
}
