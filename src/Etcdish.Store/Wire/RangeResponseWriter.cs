using System.Buffers;

namespace Etcdish.Store;

/// <summary>
/// Encodes etcdserverpb.RangeResponse (header=1 kvs=2 more=3 count=4) piece by piece, so that a large answer goes through a small buffer:
/// call <see cref="WriteSome"/> and flush until it says that it is done. Field order and bytes are etcd's.
/// </summary>
public struct RangeResponseWriter
{
    private readonly ResponseHeader _header;
    private readonly RangeResult _result;
    private readonly IValueSource _values;
    private readonly KeyValueParts _parts;
    private int _next = -1;

    /// <summary>Prepares an answer.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="result">What the range found.</param>
    /// <param name="values">Gives the values; the caller stays inside a <see cref="ReadScope"/> of it from before the range was read until
    /// all is written.</param>
    public RangeResponseWriter(in ResponseHeader header, RangeResult result, IValueSource values)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(values);
        _header = header;
        _result = result;
        _values = values;
        _parts = result.KeyValueParts;
        Size = SizeOf(header, result);
    }

    /// <summary>Bytes of the whole message.</summary>
    public long Size { get; }

    /// <summary>Bytes of a whole RangeResponse.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="result">What the range found.</param>
    public static long SizeOf(in ResponseHeader header, RangeResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        long size = header.FieldSize() + ProtoFields.SizeOf(result.More) + ProtoFields.SizeOf(result.Count);
        var parts = result.KeyValueParts;
        foreach (var version in result.Revisions)
        {
            size += KeyValueEncoder.FieldSize(version, parts);
        }

        return size;
    }

    /// <summary>Goes on writing until about <paramref name="byteBudget"/> bytes are written (one pair more at most).</summary>
    /// <param name="output">Receives the bytes.</param>
    /// <param name="byteBudget">About how much to write.</param>
    /// <returns>Whether the message is complete.</returns>
    public bool WriteSome(IBufferWriter<byte> output, long byteBudget)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (_next < 0)
        {
            _header.WriteField(output);
            _next = 0;
        }

        for (; _next < _result.Revisions.Count; _next++)
        {
            if (byteBudget <= 0)
            {
                return false;
            }

            var version = _result.Revisions[_next];
            byteBudget -= KeyValueEncoder.FieldSize(version, _parts);
            KeyValueEncoder.WriteField(output, 2, version, _values, _parts);
        }

        ProtoFields.Write(output, 3, _result.More);
        ProtoFields.Write(output, 4, _result.Count);
        return true;
    }
}
