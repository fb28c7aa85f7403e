namespace Etcdish.Cluster.Peers;

/// <summary>All that goes to one member: frames, and questions. It dials from the beginning; disposing hangs up.</summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly PeerContext _context;
    private readonly FrameSender _sender;
    private readonly PeerAsker _asker;
    private readonly Task _sending;

    public PeerLink(PeerContext context, PeerAddress address, IReadOnlyList<PeerUrl> urls, PeerCounters counters)
    {
        _context = context;
        Address = address;
        Counters = counters;
        _sender = new FrameSender(context, address.Id, urls, counters);
        _asker = new PeerAsker(context, address.Id, urls, counters);
        _stopped = _stop.Token;
        _sending = Task.Run(RunAsync);
    }

    /// <summary>Who and where the member is.</summary>
    public PeerAddress Address { get; }

    /// <summary>Counts what goes to and fro.</summary>
    public PeerCounters Counters { get; }

    /// <summary>What went to and fro until now.</summary>
    public PeerTraffic Traffic => Counters.Read(Address.Id, _sender.IsActive);

    /// <summary>See <see cref="FrameSender.TryGather"/>.</summary>
    public bool TryGather(ReadOnlySpan<byte> frame) => _sender.TryGather(frame);

    /// <summary>See <see cref="FrameSender.Flush"/>.</summary>
    public void Flush() => _sender.Flush();

    /// <summary>See <see cref="FrameSender.Ping"/>.</summary>
    public void Ping() => _sender.Ping();

    /// <summary>See <see cref="FrameSender.HeardOf"/>.</summary>
    public void HeardOf() => _sender.HeardOf();

    /// <summary>See <see cref="IPeerNetwork.AskAsync"/>.</summary>
    public ValueTask<ReadOnlyMemory<byte>> AskAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        _asker.AskAsync(request, cancellation, _stopped);

    /// <summary>Closes the connections and waits until nothing is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _sending.ConfigureAwait(false);
        await _asker.DisposeAsync().ConfigureAwait(false);
        _sender.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await _sender.RunAsync(_stopped).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Nobody awaits this until the link ends; a defect must be seen at once.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _context.Options.OnDefect(e);
        }
    }
}
