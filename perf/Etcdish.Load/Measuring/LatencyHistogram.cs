using System.Numerics;

namespace Etcdish.Load.Measuring;

/// <summary>
/// Counts durations in buckets of at most 0.8 % width, from a nanosecond to hours, in 58 KB: the upper bits of a value choose its power
/// of two, the next seven bits the bucket in it. Not thread-safe; merge one per connection.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int SubBits = 7;
    private const int SubBuckets = 1 << SubBits;

    private readonly long[] _counts = new long[(64 - SubBits) * SubBuckets];

    public long Count { get; private set; }

    public long MaxNanoseconds { get; private set; }

    public void Record(long nanoseconds)
    {
        nanoseconds = Math.Max(nanoseconds, 0);
        _counts[BucketOf(nanoseconds)]++;
        Count++;
        MaxNanoseconds = Math.Max(MaxNanoseconds, nanoseconds);
    }

    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        Count += other.Count;
        MaxNanoseconds = Math.Max(MaxNanoseconds, other.MaxNanoseconds);
    }

    /// <summary>The duration that this share (0..1) of all values do not exceed, in nanoseconds; 0 when there are none.</summary>
    public long Percentile(double share)
    {
        long rank = (long)Math.Ceiling(share * Count);
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= rank && _counts[i] > 0)
            {
                return Math.Min(UpperEnd(i), MaxNanoseconds);
            }
        }

        return MaxNanoseconds;
    }

    private static int BucketOf(long value)
    {
        int shift = Math.Max(0, BitOperations.Log2((ulong)value) - SubBits);
        return (shift * SubBuckets) + (int)(value >> shift);
    }

    private static long UpperEnd(int bucket)
    {
        int shift = Math.Max(0, (bucket / SubBuckets) - 1);
        long mantissa = bucket - ((long)shift * SubBuckets);
        return ((mantissa + 1) << shift) - 1;
    }
}
