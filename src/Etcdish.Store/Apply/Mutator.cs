using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Etcdish.Store;

/// <summary>
/// Carries out the requests of the entry being applied. Values are not copied: a put keeps the place of its value inside the entry's
/// payload, which lies in the log.
/// </summary>
internal sealed class Mutator(StoreState state, WriteTransaction changes)
{
    private ReadOnlyMemory<byte> _payload;
    private uint _segment;
    private uint _payloadOffset;

    /// <summary>See <see cref="WriteTransaction.View"/>.</summary>
    public long View => changes.View;

    public void Begin(in StoreEntry entry)
    {
        _payload = entry.Payload;
        _segment = entry.Segment;
        _payloadOffset = entry.PayloadOffset;
        changes.Begin();
    }

    /// <summary>Why the put must be refused, or null.</summary>
    public EtcdError? CheckPut(in PutRequest put)
    {
        if (put.Lease != 0 && !state.Leases.Contains(put.Lease))
        {
            return EtcdError.LeaseNotFound;
        }

        var needsOld = put.IgnoreValue || put.IgnoreLease;
        return needsOld && state.Index.Find(put.Key.Span) is not { IsTombstone: false } ? EtcdError.KeyNotFound : null;
    }

    /// <summary>Puts; the request has passed <see cref="CheckPut"/>.</summary>
    /// <returns>The replaced version, when asked for.</returns>
    public KeyRevision? Put(in PutRequest put)
    {
        var newest = state.Index.Find(put.Key.Span);
        var old = newest is { IsTombstone: false } ? newest : null;
        if (old is null && (put.IgnoreValue || put.IgnoreLease))
        {
            // An earlier operation of the same transaction deleted the key that the check still saw. etcd dies of it; so do we, loudly.
            throw new InvalidOperationException("a transaction deletes a key and then puts it with ignore_value or ignore_lease");
        }

        var value = put.IgnoreValue ? old!.Value : Locate(put.Value.Span);
        changes.Put(put.Key.Span, newest, value, put.IgnoreLease ? old!.Lease : put.Lease);
        return put.PrevKv ? old : null;
    }

    public DeleteRangeResult DeleteRange(in DeleteRangeRequest request)
    {
        var result = new DeleteRangeResult();
        result.Deleted = changes.DeleteRange(KeyRange.Of(request.Key, request.RangeEnd), request.PrevKv ? result.Previous : null);
        return result;
    }

    private ValueReference Locate(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return default;
        }

        var offset = (uint)Unsafe.ByteOffset(ref MemoryMarshal.GetReference(_payload.Span), ref MemoryMarshal.GetReference(value));
        return new ValueReference(_segment, _payloadOffset + offset, value.Length, Crc32C.Compute(value));
    }
}
