using Etcdish.Network.Services;

namespace Etcdish.Network.Userspace;

/// <summary>
/// The service proxy for machines without root or nft: this process itself listens at the addresses of services, and carries what comes to
/// an endpoint. An address that cannot be had is told of and tried again, when the port may have become free and from time to time; it
/// harms no other service. May be called by many threads.
/// </summary>
internal sealed class UserspaceProxy : IAsyncDisposable
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<ServicePortKey, ServiceFrontends> _services = [];

    // In the order in which they failed: who has waited longest is first to get what is free.
    private readonly List<ServiceFrontends> _failed = [];
    private readonly HashSet<int> _released = [];
    private readonly TcpRelays _relays = new();
    private readonly UserspaceProxyOptions _options;
    private readonly ITimer _timer;
    private TimeSpan _pause = _firstPause;
    private bool _isClosed;

    /// <summary>Makes one that knows no service.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public UserspaceProxy(UserspaceProxyOptions options)
    {
        options.Validate();
        _options = options;
        _timer = options.Clock.CreateTimer(
            static proxy => ((UserspaceProxy)proxy!).RetryInTime(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many TCP connections it carries.</summary>
    public int Connections => _relays.Count;

    /// <summary>At how many addresses and ports it listens.</summary>
    public int Listening
    {
        get
        {
            lock (_lock)
            {
                return _services.Values.Sum(service => service.Listening);
            }
        }
    }

    /// <summary>Takes over a route that is new or another now.</summary>
    /// <param name="key">Which port of which service.</param>
    /// <param name="route">Its route; null: it has gone.</param>
    public void Apply(ServicePortKey key, ServiceRoute? route)
    {
        if (key.Protocol == "SCTP")
        {
            // Nothing in .NET speaks it.
            if (route is not null)
            {
                _options.Warn(key, "SCTP is not carried by the userspace proxy");
            }

            return;
        }

        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            if (route is null)
            {
                Remove(key);
            }
            else
            {
                Bring(key, route);
            }

            if (_released.Count > 0)
            {
                Retry(_released);
                _released.Clear();
            }
        }
    }

    /// <summary>Tries again what could not be listened at: to be called when the machine's addresses have changed.</summary>
    public void RetryFailed()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                Retry(null);
            }
        }
    }

    /// <summary>Ends all listening, and all connections.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var service in _services.Values)
            {
                service.Dispose();
            }

            _services.Clear();
            _failed.Clear();
        }

        await _timer.DisposeAsync();
        await _relays.DisposeAsync();
    }

    private void Remove(ServicePortKey key)
    {
        if (_services.Remove(key, out var service))
        {
            service.Apply(Gone(key), _released);
            _failed.Remove(service);
        }
    }

    private static ServiceRoute Gone(ServicePortKey key) => new()
    {
        Key = key,
        ClusterIps = Addresses.None,
        Port = 0,
        InternalEndpoints = EndpointSet.None,
        ExternalEndpoints = EndpointSet.None,
    };

    private void Bring(ServicePortKey key, ServiceRoute route)
    {
        if (!_services.TryGetValue(key, out var service))
        {
            _services[key] = service = new ServiceFrontends(key, _relays, _options);
        }

        service.Apply(route, _released);
        if (!service.HasFailed)
        {
            _failed.Remove(service);
        }
        else if (!_failed.Contains(service))
        {
            _failed.Add(service);
            _pause = _firstPause;
            _timer.Change(_pause, Timeout.InfiniteTimeSpan);
        }
    }

    private void Retry(ISet<int>? ports)
    {
        foreach (var service in _failed)
        {
            service.Retry(ports);
        }

        _failed.RemoveAll(service => !service.HasFailed);
    }

    private void RetryInTime()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            Retry(null);
            if (_failed.Count > 0)
            {
                _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
                _timer.Change(_pause, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
