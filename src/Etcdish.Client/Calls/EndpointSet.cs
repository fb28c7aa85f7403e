using Etcdish.Client.Transport;

namespace Etcdish.Client.Calls;

/// <summary>
/// Chooses an endpoint for each attempt: round robin over those that did not just fail; when all did, the one whose pause ends first,
/// with the time still to wait. Thread-safe.
/// </summary>
internal sealed class EndpointSet : IDisposable
{
    private const double JitterShare = 0.2;
    private const int MaxDoublings = 16;

    private readonly Lock _gate = new();
    private readonly Endpoint[] _endpoints;
    private readonly EtcdClientOptions _options;
    private int _next;

    public EndpointSet(EtcdClientOptions options, Func<string, ITransportChannel> connect)
    {
        _options = options;
        _endpoints = [.. options.Endpoints.Select(address => new Endpoint(address, connect(address)))];
    }

    /// <summary>The endpoint to try now, and how long to wait first (zero unless all of them failed lately).</summary>
    public (Endpoint Endpoint, TimeSpan Wait) Next()
    {
        lock (_gate)
        {
            long now = _options.TimeProvider.GetTimestamp();
            Endpoint soonest = _endpoints[_next % _endpoints.Length];
            for (int step = 0; step < _endpoints.Length; step++)
            {
                Endpoint candidate = _endpoints[(_next + step) % _endpoints.Length];
                if (candidate.NotBefore <= now)
                {
                    _next = (_next + step + 1) % _endpoints.Length;
                    return (candidate, TimeSpan.Zero);
                }

                if (candidate.NotBefore < soonest.NotBefore)
                {
                    soonest = candidate;
                }
            }

            return (soonest, _options.TimeProvider.GetElapsedTime(now, soonest.NotBefore));
        }
    }

    /// <summary>The endpoint with this address, for calls that concern one member.</summary>
    /// <exception cref="ArgumentException">The client was not given this endpoint.</exception>
    public Endpoint Find(string address) =>
        Array.Find(_endpoints, endpoint => endpoint.Address == address)
        ?? throw new ArgumentException($"endpoint \"{address}\" is not among this client's endpoints");

    public void ReportSuccess(Endpoint endpoint)
    {
        lock (_gate)
        {
            endpoint.FailuresInARow = 0;
            endpoint.NotBefore = 0;
        }
    }

    public void ReportFailure(Endpoint endpoint)
    {
        lock (_gate)
        {
            double pause = _options.BackoffFloor.TotalSeconds * Math.Pow(2, Math.Min(endpoint.FailuresInARow, MaxDoublings));
            pause = Math.Min(pause, _options.BackoffCeiling.TotalSeconds);
            pause *= 1 + (JitterShare * ((2 * NextJitter()) - 1));
            endpoint.FailuresInARow++;
            endpoint.NotBefore = _options.TimeProvider.GetTimestamp() + (long)(pause * _options.TimeProvider.TimestampFrequency);
        }
    }

    public void Dispose()
    {
        foreach (Endpoint endpoint in _endpoints)
        {
            endpoint.Channel.Dispose();
        }
    }

    // Jitter spreads retries; nothing secret hangs on it.
#pragma warning disable CA5394
    private double NextJitter() => _options.Random.NextDouble();
#pragma warning restore CA5394
}
