using System.Collections.Frozen;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// The network between members, over TCP with or without TLS: see the README beside this file. Listens from <see cref="Start"/> on, and
/// dials whom <see cref="SetMembers"/> names.
/// </summary>
internal sealed class PeerNetwork : IPeerNetwork, IAsyncDisposable
{
    private readonly PeerContext _context;
    private readonly PeerDirectory _members;
    private readonly InboundSessions _sessions;
    private readonly List<PeerListener> _listeners = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _background = [];
    private bool _isDisposed;

    private PeerNetwork(PeerContext context)
    {
        _context = context;
        _members = new PeerDirectory(context);
        _sessions = new InboundSessions(context, _members);
    }

    /// <summary>Where it listens, with the ports that were bound.</summary>
    public IReadOnlyList<string> ListenUrls => [.. _listeners.Select(listener => listener.Url.ToString())];

    /// <summary>Binds and listens; what comes goes to the inbox at once.</summary>
    /// <param name="options">Who this member is, and the limits.</param>
    /// <param name="inbox">
    /// Where what the others say goes. It may not block for ever: disposing waits for the calls under way.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or a URL to listen on is none.</exception>
    /// <exception cref="IOException">A port is taken.</exception>
    public static PeerNetwork Start(PeerNetworkOptions options, IPeerInbox inbox)
    {
        options.Validate();
        PeerUrl[] urls = [.. options.ListenUrls.Select(PeerUrl.Parse)];
        if (options.Tls is null && urls.FirstOrDefault(url => url.IsSecure) is { Host: not null } secure)
        {
            throw new ArgumentException($"to listen for peers on {secure} takes a certificate");
        }

        var network = new PeerNetwork(new PeerContext(options, inbox));
        network.Listen(urls);
        return network;
    }

    /// <inheritdoc/>
    public bool Send(ulong to, ReadOnlySpan<byte> frame)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length); // Between members, nothing means a ping.
        if (!_members.Links.TryGetValue(to, out PeerLink? link) || !link.TryGather(frame))
        {
            return false;
        }

        link.Flush();
        return true;
    }

    /// <inheritdoc/>
    public bool Gather(ulong to, ReadOnlySpan<byte> frame)
    {
        ArgumentOutOfRangeException.ThrowIfZero(frame.Length);
        return _members.Links.TryGetValue(to, out PeerLink? link) && link.TryGather(frame);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        foreach (PeerLink link in _members.Links.Values)
        {
            link.Flush();
        }
    }

    /// <inheritdoc/>
    public void SetMembers(IReadOnlyList<PeerAddress> members, IReadOnlyList<ulong> removed)
    {
        var urls = members.ToDictionary(member => member.Id, member => (PeerUrl[])[.. member.Urls.Select(PeerUrl.Parse)]);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            FrozenDictionary<ulong, PeerLink> known = _members.Links;
            var links = new Dictionary<ulong, PeerLink>();
            foreach (PeerAddress member in members.Where(member => member.Id != _context.Options.MemberId))
            {
                links[member.Id] = known.TryGetValue(member.Id, out PeerLink? link) && link.Address.Urls.SequenceEqual(member.Urls)
                    ? link
                    : new PeerLink(_context, member, urls[member.Id], link?.Counters ?? new PeerCounters());
            }

            _members.Replace(links.ToFrozenDictionary(), removed.ToFrozenSet());
            _background.RemoveAll(task => task.IsCompletedSuccessfully);
            IEnumerable<PeerLink> gone = known.Values.Where(link => !links.ContainsValue(link));
            _background.AddRange(gone.Select(link => EndAsync(link, links.ContainsKey(link.Address.Id))));
            _background.Add(RecheckAsync());
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> AskAsync(ulong member, ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(request.Length, _context.Options.MaxFrameBytes);
        return _members.Links.TryGetValue(member, out PeerLink? link)
            ? link.AskAsync(request, cancellation)
            : throw new PeerAskException($"member {member:x} is not known");
    }

    /// <summary>What went between this member and each of the others.</summary>
    /// <returns>One row for each known member, in ascending order of their ids.</returns>
    public IReadOnlyList<PeerTraffic> ReadTraffic() =>
        [.. _members.Links.Values.Select(link => link.Traffic).OrderBy(traffic => traffic.Member)];

    /// <summary>Closes all connections, and waits until nothing reaches the inbox any more. What waits to be sent is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll([.. _background, .. _members.Links.Values.Select(link => link.DisposeAsync().AsTask())]).ConfigureAwait(false);
        _listeners.ForEach(listener => listener.Dispose());
        await _sessions.WhenEndedAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    // Two links to one member would break the order of its frames; to one that left, what waits for it still goes out.
    private async Task EndAsync(PeerLink link, bool isReplaced)
    {
        if (!isReplaced)
        {
            await FarewellAsync().ConfigureAwait(false);
        }

        await link.DisposeAsync().ConfigureAwait(false);
    }

    private async Task RecheckAsync()
    {
        await FarewellAsync().ConfigureAwait(false);
        _sessions.Recheck();
    }

    private async Task FarewellAsync() => await Task.Delay(_context.Options.Farewell, _context.Options.Clock, _stop.Token)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Listen(PeerUrl[] urls)
    {
        try
        {
            foreach (PeerUrl url in urls)
            {
                _listeners.Add(new PeerListener(_context, url));
            }
        }
        catch
        {
            _listeners.ForEach(listener => listener.Dispose());
            _stop.Dispose();
            throw;
        }

        _background.AddRange(_listeners.Select(listener => Task.Run(() => listener.RunAsync(_sessions, _stop.Token))));
        _background.Add(Task.Run(MeasureAsync));
    }

    private async Task MeasureAsync()
    {
        using var timer = new PeriodicTimer(_context.Options.PingInterval, _context.Options.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                foreach (PeerLink link in _members.Links.Values)
                {
                    link.Ping();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The network is being disposed.
        }
    }
}
