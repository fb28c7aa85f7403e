namespace Etcdish.Load.Http2;

/// <summary>What is to be sent with the next write. Grows to what a batch needs and stays so.</summary>
internal sealed class OutputBuffer
{
    private byte[] _bytes = new byte[64 * 1024];
    private int _length;

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    public Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }

        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }

    public void Clear() => _length = 0;
}
