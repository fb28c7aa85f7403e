using System.Net;
using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>
/// Which endpoint each client of a port of a service had last, and for how long it stays with it: counted from its last new connection. For
/// use by many threads.
/// </summary>
internal sealed class ClientAffinity(TimeSpan timeout, TimeProvider clock)
{
    /// <summary>So many are remembered; who comes besides is served, but not remembered.</summary>
    internal const int MaxClients = 100_000;

    private const int FirstSweep = 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, (ServiceEndpoint Endpoint, long UsedAt)> _clients = [];
    private int _sweepAt = FirstSweep;

    /// <summary>For how long.</summary>
    public TimeSpan Timeout { get; } = timeout;

    /// <summary>How many clients are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _clients.Count;
            }
        }
    }

    /// <summary>The endpoint that a client had, unless that is too long ago.</summary>
    public bool TryFind(IPAddress client, out ServiceEndpoint endpoint)
    {
        lock (_lock)
        {
            var isThere = _clients.TryGetValue(client, out var found) && clock.GetElapsedTime(found.UsedAt) < Timeout;
            endpoint = found.Endpoint;
            return isThere;
        }
    }

    /// <summary>Notes what a client has got.</summary>
    public void Remember(IPAddress client, ServiceEndpoint endpoint)
    {
        lock (_lock)
        {
            if (_clients.Count >= _sweepAt)
            {
                Sweep();
            }

            if (_clients.Count < MaxClients || _clients.ContainsKey(client))
            {
                _clients[client] = (endpoint, clock.GetTimestamp());
            }
        }
    }

    // Each sweep pays for as many additions as it has looked at entries.
    private void Sweep()
    {
        foreach (var (client, entry) in _clients)
        {
            if (clock.GetElapsedTime(entry.UsedAt) >= Timeout)
            {
                _clients.Remove(client);
            }
        }

        _sweepAt = Math.Max(FirstSweep, _clients.Count * 2);
    }
}
