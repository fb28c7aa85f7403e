using System.Buffers;
using System.Text;
using Etcdish.Cluster;
using Etcdish.Store;

namespace Etcdish.Server.Services;

/// <summary>
/// The recipe under locks and elections: each waits with a key of its own under a common prefix, attached to its lease, and the key that
/// was created first has the turn. The same keys, so that clients that run the recipe themselves queue in the same line.
/// </summary>
internal sealed class KeyQueue(Node node, CancellationToken stopping)
{
    private const long SessionTtlSeconds = 60;

    /// <summary>A place in the queue.</summary>
    /// <param name="Key">The key of this place.</param>
    /// <param name="CreateRevision">When it was created; the place before all with a higher one.</param>
    /// <param name="Value">What the key holds.</param>
    /// <param name="IsNew">Whether it was made now; a second request with the same lease has the same place.</param>
    public readonly record struct Place(byte[] Key, long CreateRevision, ReadOnlyMemory<byte> Value, bool IsNew);

    /// <summary>The prefix of a queue's keys.</summary>
    public static byte[] Prefix(ReadOnlySpan<byte> name) => [.. name, (byte)'/'];

    /// <summary>The lease asked for, or a new one of a minute when none is.</summary>
    public async ValueTask<long> SessionAsync(long lease, CancellationToken cancellation)
    {
        if (lease != 0)
        {
            return lease;
        }

        ApplyResult granted = await node.GrantLeaseAsync(0, SessionTtlSeconds, cancellation).ConfigureAwait(false);
        EtcdErrors.ThrowIfRefused(granted.Error);
        return granted.LeaseId;
    }

    /// <summary>Takes a place, or finds the one that the lease has.</summary>
    public async ValueTask<Place> EnterAsync(byte[] prefix, long lease, ReadOnlyMemory<byte> value, CancellationToken cancellation)
    {
        byte[] key = [.. prefix, .. Encoding.ASCII.GetBytes(lease.ToString("x", null))];
        using ReadScope scope = node.Values.EnterRead();
        (TxnResult txn, long revision) = await TxnAsync(
            new TxnRequest
            {
                Compare = [new Compare { Key = key, Target = CompareTarget.Create, Result = CompareResult.Equal }],
                Success = [Put(key, value, lease)],
                Failure = [new RequestOp { Kind = RequestOpKind.Range, Range = new RangeRequest { Key = key } }],
            },
            cancellation).ConfigureAwait(false);
        if (txn.Succeeded)
        {
            return new Place(key, revision, value, IsNew: true);
        }

        KeyRevision own = txn.Responses[0].Range!.Revisions[0];
        return new Place(key, own.CreateRevision, Read(own), IsNew: false);
    }

    /// <summary>
    /// Waits until all keys of the queue that were created before are deleted. Who gives up, or is cut off by the server's end, leaves the
    /// queue: else those behind would wait for the lease to run out.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client gave up.</exception>
    /// <exception cref="EtcdException">Stopped: the server ends.</exception>
    public async Task WaitForTurnAsync(byte[] prefix, Place place, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, stopping);
        try
        {
            while (Before(prefix, place.CreateRevision, out long revision) is { } earlier)
            {
                using var watcher = new KeyWatcher(node, earlier.Key, rangeEnd: [], revision + 1);
                while (!(await watcher.NextAsync(either.Token).ConfigureAwait(false)).IsTombstone)
                {
                }
            }
        }
        catch (OperationCanceledException)
        {
            if (place.IsNew)
            {
                await LeaveAsync(place.Key, place.CreateRevision, CancellationToken.None).ConfigureAwait(false);
            }

            throw stopping.IsCancellationRequested ? new EtcdException(EtcdError.Stopped) : new OperationCanceledException();
        }
    }

    /// <summary>The key that has the turn now, or null.</summary>
    public KeyRevision? First(byte[] prefix, out long headerRevision)
    {
        RangeResult first = node.Store.Range(new RangeRequest
        {
            Key = prefix,
            RangeEnd = End(prefix),
            SortTarget = SortTarget.Create,
            SortOrder = SortOrder.Ascend,
            Limit = 1,
        });
        headerRevision = first.HeaderRevision;
        return first.Revisions.Count > 0 ? first.Revisions[0] : null;
    }

    /// <summary>Sets the value of a place if it is still held.</summary>
    /// <returns>Whether it was, and the revision.</returns>
    public async ValueTask<(bool Held, long Revision)> SetAsync(
        ReadOnlyMemory<byte> key, long createRevision, long lease, ReadOnlyMemory<byte> value, CancellationToken cancellation)
    {
        (TxnResult txn, long revision) = await TxnAsync(
            new TxnRequest { Compare = [Held(key, createRevision)], Success = [Put(key, value, lease)] }, cancellation).ConfigureAwait(false);
        return (txn.Succeeded, revision);
    }

    /// <summary>Gives up a place if it is still held.</summary>
    /// <returns>The revision.</returns>
    public async ValueTask<long> LeaveAsync(ReadOnlyMemory<byte> key, long createRevision, CancellationToken cancellation)
    {
        var deletion = new RequestOp { Kind = RequestOpKind.DeleteRange, DeleteRange = new DeleteRangeRequest { Key = key } };
        (_, long revision) = await TxnAsync(
            new TxnRequest { Compare = [Held(key, createRevision)], Success = [deletion] }, cancellation).ConfigureAwait(false);
        return revision;
    }

    /// <summary>Deletes a key, whoever holds it.</summary>
    /// <returns>The revision.</returns>
    public async ValueTask<long> DeleteAsync(ReadOnlyMemory<byte> key, CancellationToken cancellation)
    {
        var request = new DeleteRangeRequest { Key = key };
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(request));
        var bytes = new ArrayBufferWriter<byte>();
        RequestEncoder.Encode(request, bytes);
        ApplyResult result = await node.ProposeAsync(EntryKind.DeleteRange, bytes.WrittenMemory, cancellation).ConfigureAwait(false);
        EtcdErrors.ThrowIfRefused(result.Error);
        return result.Revision;
    }

    /// <summary>The bytes of a version's value; the caller is in a <see cref="ReadScope"/>.</summary>
    public byte[] Read(KeyRevision version)
    {
        ValueReference place = version.Value;
        var value = new byte[place.Length];
        if (place.Length > 0)
        {
            node.Values.Read(place, value);
        }

        return value;
    }

    /// <summary>End of the range of all keys with a prefix that ends in a slash.</summary>
    public static byte[] End(byte[] prefix) => [.. prefix.AsSpan()[..^1], (byte)(prefix[^1] + 1)];

    /// <summary>The youngest of the keys that were created before a revision, or null.</summary>
    private KeyRevision? Before(byte[] prefix, long createRevision, out long headerRevision)
    {
        RangeResult before = node.Store.Range(new RangeRequest
        {
            Key = prefix,
            RangeEnd = End(prefix),
            SortTarget = SortTarget.Create,
            SortOrder = SortOrder.Descend,
            MaxCreateRevision = createRevision - 1,
            Limit = 1,
        });
        headerRevision = before.HeaderRevision;
        return before.Revisions.Count > 0 ? before.Revisions[0] : null;
    }

    private static RequestOp Put(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, long lease) =>
        new() { Kind = RequestOpKind.Put, Put = new PutRequest { Key = key, Value = value, Lease = lease } };

    private static Compare Held(ReadOnlyMemory<byte> key, long createRevision) =>
        new() { Key = key, Target = CompareTarget.Create, Result = CompareResult.Equal, Number = createRevision };

    private async ValueTask<(TxnResult Txn, long Revision)> TxnAsync(TxnRequest txn, CancellationToken cancellation)
    {
        EtcdErrors.ThrowIfRefused(RequestValidator.Check(txn, maxOps: 2));
        var bytes = new ArrayBufferWriter<byte>();
        RequestEncoder.Encode(txn, bytes);
        ApplyResult result = await node.ProposeAsync(EntryKind.Txn, bytes.WrittenMemory, cancellation).ConfigureAwait(false);
        EtcdErrors.ThrowIfRefused(result.Error);
        return (result.Txn!, result.Revision);
    }
}
