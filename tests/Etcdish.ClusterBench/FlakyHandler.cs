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
}

/// <summary>
/// Stands between a client and its server and does what networks and servers do on bad days, by a seed. Wrap a client of a
/// <see cref="ControlBench"/> with it: <c>bench.Connect(inner => new FlakyHandler(inner, seed))</c>. A test makes it calm in the end, and
/// sees
/// that all comes to rest as it should.
/// </summary>
public sealed class FlakyHandler(HttpMessageHandler inner, int seed, Flakiness? flakiness = null) : DelegatingHandler(inner)
{
    private static readonly TimeSpan _longestWait = TimeSpan.FromMilliseconds(20);

    private readonly Flakiness _flakiness = flakiness ?? new Flakiness();
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);

    /// <summary>Whether nothing goes wrong any more.</summary>
    public bool IsCalm { get; set; }

    /// <summary>How much has gone wrong.</summary>
    public int Faults { get; private set; }

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
        await MaybeWaitAsync(_flakiness.Late, cancellationToken);
        if (Strikes(_flakiness.Lost))
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "flaky: the request was lost");
        }

        if (Strikes(_flakiness.Failing))
        {
            return Refuse(HttpStatusCode.InternalServerError, "InternalError");
        }

        if (request.Method != HttpMethod.Get && request.Method != HttpMethod.Post && Strikes(_flakiness.Conflicting))
        {
            return Refuse(HttpStatusCode.Conflict, "Conflict");
        }

        var answer = await base.SendAsync(request, cancellationToken);
        if (request.RequestUri!.Query.Contains("watch=true", StringComparison.Ordinal) && answer.IsSuccessStatusCode)
        {
            var watch = await answer.Content.ReadAsStreamAsync(cancellationToken);
            answer.Content = new StreamContent(new FlakyStream(watch, this, _flakiness));
            return answer;
        }

        if (!Strikes(_flakiness.Unanswered))
        {
            return answer;
        }

        answer.Dispose();
        throw new HttpRequestException(HttpRequestError.ResponseEnded, "flaky: the answer was lost");
    }

    private static HttpResponseMessage Refuse(HttpStatusCode status, string reason) => new(status)
    {
        Content = new StringContent(
            $$"""{"kind":"Status","status":"Failure","code":{{(int)status}},"reason":"{{reason}}","message":"flaky"}""",
            Encoding.UTF8,
            "application/json"),
    };
}
