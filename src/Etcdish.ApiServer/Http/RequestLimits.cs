using Etcdish.ApiServer.Security;
using Etcdish.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Http;

/// <summary>
/// Lets requests in up to a number, and gives them up after a time. Reading and changing requests do not take each other's room, watches
/// and streams take neither's. Who may do everything is always let in, so that a flooded cluster can be helped, and takes nobody's room: what
/// runs the cluster from within would otherwise keep its users out.
/// </summary>
internal sealed class RequestLimits(LimitSettings settings, TimeProvider clock)
{
    private readonly Room _reading = new(settings.MaxReading);
    private readonly Room _mutating = new(settings.MaxMutating);
    private readonly Room _longRunning = new(settings.MaxLongRunning);

    /// <summary>Handles a request whose user is known.</summary>
    /// <exception cref="ApiException">There is no room, or the request was not done in time.</exception>
    public async Task RunAsync(HttpContext http, Func<HttpContext, Task> handle)
    {
        var isLongRunning = LongRunning.Is(http.Request);
        if (RequestUser.Of(http).IsMaster)
        {
            await (isLongRunning ? handle(http) : HandleInTimeAsync(http, handle));
            return;
        }

        var room = isLongRunning ? _longRunning : http.Request.Method is "GET" or "HEAD" or "OPTIONS" ? _reading : _mutating;
        if (!room.TryEnter())
        {
            room.Leave();
            throw ApiErrors.TooManyRequests();
        }

        try
        {
            await (isLongRunning ? handle(http) : HandleInTimeAsync(http, handle));
        }
        finally
        {
            room.Leave();
        }
    }

    private async Task HandleInTimeAsync(HttpContext http, Func<HttpContext, Task> handle)
    {
        var client = http.RequestAborted;
        using var deadline = new CancellationTokenSource(ReadDeadline(http.Request.Query), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, deadline.Token);
        http.RequestAborted = either.Token;
        try
        {
            await handle(http);
        }
        catch (Exception) when (deadline.IsCancellationRequested && !client.IsCancellationRequested && !http.Response.HasStarted)
        {
            throw ApiErrors.DeadlineExceeded();
        }
        finally
        {
            http.RequestAborted = client;
        }
    }

    /// <summary>The time that the request gives itself, within what the server allows.</summary>
    private TimeSpan ReadDeadline(IQueryCollection query)
    {
        var text = QueryValues.Text(query, "timeout");
        if (text.Length == 0)
        {
            return settings.Deadline;
        }

        if (!DurationText.TryParse(text, out var nanoseconds) || nanoseconds < 0)
        {
            throw ApiErrors.BadRequest("invalid timeout specified in the request URL");
        }

        var asked = TimeSpan.FromMicroseconds(nanoseconds / 1000);
        return asked == TimeSpan.Zero || asked > settings.Deadline ? settings.Deadline : asked;
    }

    /// <summary>Room for a number of requests. Who enters leaves, also when it was too full.</summary>
    private sealed class Room(int limit)
    {
        private int _inside;

        public bool TryEnter() => Interlocked.Increment(ref _inside) <= limit;

        public void Leave() => Interlocked.Decrement(ref _inside);
    }
}
