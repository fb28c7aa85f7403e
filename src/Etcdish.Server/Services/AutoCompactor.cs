using System.Buffers;
using Etcdish.Cluster;
using Etcdish.Server.Configuration;
using Etcdish.Server.Logging;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// Compacts by itself as the options say: keeps a span of time (remembering the revision every tenth of it, or of an hour), or keeps a
/// number of revisions (looking every five minutes).
/// </summary>
internal sealed class AutoCompactor(Node node, ServerOptions options, ServerLog log, TimeProvider clock)
{
    private const int SamplesPerPeriod = 10;

    private static readonly TimeSpan _revisionCheckInterval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan _longestPeriod = TimeSpan.FromHours(1);

    private readonly Queue<(long Timestamp, long Revision)> _samples = new();
    private long _compacted;

    /// <summary>Whether the options ask for it.</summary>
    public bool IsEnabled => options.AutoCompactionPeriod > TimeSpan.Zero || options.AutoCompactionRevisions > 0;

    /// <summary>Time between two looks.</summary>
    public TimeSpan Interval
    {
        get
        {
            TimeSpan period = options.AutoCompactionPeriod < _longestPeriod ? options.AutoCompactionPeriod : _longestPeriod;
            return options.AutoCompactionMode == AutoCompactionMode.Revision ? _revisionCheckInterval : period / SamplesPerPeriod;
        }
    }

    /// <summary>Looks at each interval until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                await LookAsync(cancellation).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    /// <summary>Compacts if it is time to.</summary>
    public async Task LookAsync(CancellationToken cancellation)
    {
        long target = options.AutoCompactionMode == AutoCompactionMode.Revision
            ? node.Store.CurrentRevision - options.AutoCompactionRevisions
            : RevisionBeforePeriod();
        if (node.LeaderId != node.MemberId)
        {
            // One member is enough; a new leader knows the revisions of the period too.
            return;
        }

        if (target <= Math.Max(_compacted, node.Store.CompactedRevision) || target <= 1)
        {
            return;
        }

        var request = new ArrayBufferWriter<byte>();
        RequestEncoder.Encode(new CompactionRequest { Revision = target }, request);
        try
        {
            ApplyResult result = await node.ProposeAsync(EntryKind.Compact, request.WrittenMemory, cancellation).ConfigureAwait(false);
            if (result.Error is null || result.Error == EtcdError.Compacted)
            {
                _compacted = target;
                log.Info("completed auto compaction", [new("revision", target), new("mode", options.AutoCompactionMode.ToString())]);
                return;
            }

            log.Warn("failed auto compaction", [new("revision", target), new("error", result.Error.Message)]);
        }
        catch (EtcdException e)
        {
            log.Warn("failed auto compaction", [new("revision", target), new("error", e.Message)]);
        }
    }

    /// <summary>The newest revision that was current a whole period ago.</summary>
    private long RevisionBeforePeriod()
    {
        long now = clock.GetTimestamp();
        _samples.Enqueue((now, node.Store.CurrentRevision));
        long target = 0;
        while (_samples.TryPeek(out var sample) && clock.GetElapsedTime(sample.Timestamp, now) >= options.AutoCompactionPeriod)
        {
            target = _samples.Dequeue().Revision;
        }

        return target;
    }
}
