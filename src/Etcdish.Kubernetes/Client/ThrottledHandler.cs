using System.Net;

namespace Etcdish.Kubernetes.Client;

/// <summary>
/// Asks again when a server says that it is asked too much (429) and for how long it wants to be left alone. It has done nothing then, so
/// that any request may be repeated. Other refusals are the caller's: what a failed server (5xx) has done nobody knows.
/// </summary>
/// <param name="clock">The clock by which it waits.</param>
/// <param name="inner">Sends requests.</param>
internal sealed class ThrottledHandler(TimeProvider clock, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Who is refused so often in a row is told.</summary>
    internal const int MaxRepeats = 10;

    /// <summary>A server that wants more has a reason that its caller should know.</summary>
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>All whom a server refuses at a time are told the same: they should not come back at the same time.</summary>
    private const double Jitter = 0.2;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var repeats = 0; ; repeats++)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (repeats == MaxRepeats || PauseOf(answer) is not { } pause)
            {
                return answer;
            }

            answer.Dispose();
            await Task.Delay(pause * (1 + (Jitter * Random.Shared.NextDouble())), clock, cancellationToken);
        }
    }

    /// <summary>How long to wait before a request is repeated; null if it is not.</summary>
    private TimeSpan? PauseOf(HttpResponseMessage answer)
    {
        if (answer.StatusCode != HttpStatusCode.TooManyRequests || answer.Headers.RetryAfter is not { } after)
        {
            return null;
        }

        var pause = after.Delta ?? (after.Date - clock.GetUtcNow());
        return pause <= LongestPause ? TimeSpan.FromTicks(Math.Max(0, pause.Value.Ticks)) : null;
    }
}
