using Etcdish.Cluster.Peers;
using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>
/// The follower's side of a snapshot: asks for one part after the other, has the loop write each as a local record (waiting for its sync is
/// what slows the leader down), and at the end has the state take the place of the member's own. One at a time.
/// </summary>
/// <remarks>
/// A question that finds no answer is asked again: the leader keeps the part that it made last. Who has no patience left, or is told that
/// the session is gone, drops what came; the leader offers its state anew when it notices.
/// </remarks>
internal sealed class SnapshotReceiver(IPeerNetwork network, IWriteQueue queue, Replica replica, NodeOptions options)
{
    private const double PatienceInElectionTimeouts = 10;

    private readonly int _maxTries = (int)Math.Ceiling(PatienceInElectionTimeouts * options.ElectionTimeout / options.HeartbeatInterval);
    private readonly Lock _gate = new();
    private SnapshotOffer? _next;
    private bool _isRunning;

    /// <summary>Receives what is offered; at once, or when what is being received has failed.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="cancellation">The node stops.</param>
    /// <returns>Completes when nothing is left to receive.</returns>
    public async Task ReceiveAsync(SnapshotOffer offer, CancellationToken cancellation)
    {
        lock (_gate)
        {
            _next = offer;
            if (_isRunning)
            {
                return;
            }

            _isRunning = true;
        }

        try
        {
            while (TakeNext(out SnapshotOffer next))
            {
                await ReceiveOneAsync(next, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception end) when (end is OperationCanceledException || (end is EtcdException refusal && refusal.Error == EtcdError.Stopped))
        {
            // The node stops. What came is dropped by the next start.
        }
    }

    private bool TakeNext(out SnapshotOffer offer)
    {
        lock (_gate)
        {
            offer = _next ?? default;
            bool any = _next is not null;
            _next = null;
            _isRunning = any;
            return any;
        }
    }

    private bool IsSuperseded
    {
        get
        {
            lock (_gate)
            {
                return _next is not null;
            }
        }
    }

    private async Task ReceiveOneAsync(SnapshotOffer offer, CancellationToken cancellation)
    {
        OpenedSnapshot opened = default;
        try
        {
            opened = await OpenAsync(offer, cancellation).ConfigureAwait(false);
            if (opened.Session == 0)
            {
                return;
            }

            Notice(false, $"receiving the state at entry {opened.State.Index} from member {offer.From:x}, as it no longer has the entries");
            await ReceivePartsAsync(offer, opened, cancellation).ConfigureAwait(false);
            string? refusal = await InstallAsync(opened).ConfigureAwait(false);
            Notice(false, refusal is null
                ? $"the state at entry {opened.State.Index} from member {offer.From:x} takes the place of this member's own"
                : $"the state at entry {opened.State.Index} from member {offer.From:x} was not taken: {refusal}");
            await EndAsync(offer, opened, installed: refusal is null, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is PeerAskException or InvalidDataException or MalformedFrameException)
        {
            Notice(true, $"the state at entry {offer.Index} did not arrive from member {offer.From:x}: {failure.Message}");
            await AbandonAsync().ConfigureAwait(false);
            if (opened.Session != 0)
            {
                await EndAsync(offer, opened, installed: false, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<OpenedSnapshot> OpenAsync(SnapshotOffer offer, CancellationToken cancellation)
    {
        int maxPartBytes = options.Log.MaxPayloadBytes - SnapshotPartRecord.HeaderBytes;
        SnapshotQuestion question = new(
            PeerQuestionKind.SnapshotOpen, Number: offer.Index, Term: offer.Term, MaxPartBytes: maxPartBytes);
        ReadOnlyMemory<byte> answer = await AskAsync(offer.From, question, cancellation).ConfigureAwait(false);
        OpenedSnapshot opened = OpenedSnapshot.Decode(answer.Span);
        return opened.Session == 0 || (opened.State.Index, opened.State.Term) == (offer.Index, offer.Term)
            ? opened
            : throw new InvalidDataException($"state at entry {opened.State.Index} of term {opened.State.Term} was sent instead");
    }

    private async Task ReceivePartsAsync(SnapshotOffer offer, OpenedSnapshot opened, CancellationToken cancellation)
    {
        uint checksum = 0;
        bool isLast = false;
        for (ulong number = 0; !isLast; number++)
        {
            SnapshotQuestion question = new(PeerQuestionKind.SnapshotPart, opened.Session, number);
            ReadOnlyMemory<byte> answer = await AskAsync(offer.From, question, cancellation).ConfigureAwait(false);
            if (answer.IsEmpty)
            {
                throw new PeerAskException($"it has no part {number} of this session any more");
            }

            SnapshotPart part = SnapshotPart.Decode(answer);
            checksum = Crc32C.Append(checksum, part.Payload.Span);
            if (part.Number != number || part.Checksum != checksum)
            {
                throw new InvalidDataException($"part {number} does not match its checksum");
            }

            await KeepAsync(SnapshotPartRecord.Encode(opened.Session, number, part.Payload.Span), cancellation).ConfigureAwait(false);
            isLast = part.IsLast;
        }
    }

    private async Task<ReadOnlyMemory<byte>> AskAsync(ulong member, SnapshotQuestion question, CancellationToken cancellation)
    {
        byte[] request = question.Encode();
        for (int tries = 1; ; tries++)
        {
            try
            {
                return await network.AskAsync(member, request, cancellation).ConfigureAwait(false);
            }
            catch (PeerAskException) when (tries < _maxTries && !IsSuperseded)
            {
                await PauseAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    // A full disk or a full queue refuse the record whole; there may be room in a while. Nobody can be served from this state before.
    private async Task KeepAsync(byte[] record, CancellationToken cancellation)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                await queue.Enqueue(LocalRecordKind.SnapshotPart, record).ConfigureAwait(false);
                return;
            }
            catch (EtcdException refusal) when (refusal.Error != EtcdError.Stopped)
            {
                if (tries == _maxTries)
                {
                    throw new PeerAskException($"this member cannot write it down: {refusal.Message}");
                }

                await PauseAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<string?> InstallAsync(OpenedSnapshot opened)
    {
        string? refusal = null;
        await OnLoopAsync(() => refusal = replica.InstallSnapshot(opened.Session, opened.State)).ConfigureAwait(false);
        return refusal;
    }

    private async Task AbandonAsync() => await OnLoopAsync(replica.AbandonSnapshot).ConfigureAwait(false);

    private async Task OnLoopAsync(Action work) => await queue.Enqueue(0, default, work).ConfigureAwait(false);

    // Only spares the leader the wait: it drops sessions that nobody asks about.
    private async Task EndAsync(SnapshotOffer offer, OpenedSnapshot opened, bool installed, CancellationToken cancellation)
    {
        try
        {
            SnapshotQuestion question = new(PeerQuestionKind.SnapshotEnd, opened.Session, Installed: installed);
            await network.AskAsync(offer.From, question.Encode(), cancellation).ConfigureAwait(false);
        }
        catch (PeerAskException)
        {
            // It will notice.
        }
    }

    private Task PauseAsync(CancellationToken cancellation) =>
        Task.Delay(options.HeartbeatInterval, options.Clock, cancellation);

    private void Notice(bool isWarning, string message) => options.OnNotice?.Invoke(new NodeNotice(isWarning, message));
}
