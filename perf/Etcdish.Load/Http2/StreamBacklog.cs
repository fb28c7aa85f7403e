namespace Etcdish.Load.Http2;

/// <summary>Bytes that a flow control window holds back, first in first out.</summary>
internal sealed class StreamBacklog
{
    private readonly OutputBuffer _bytes = new();
    private int _sent;

    public int Length => _bytes.Written.Length - _sent;

    /// <summary>The stream ends with the last of these bytes.</summary>
    public bool EndStream { get; set; }

    public Span<byte> Take(int count) => _bytes.Take(count);

    public void Drain(Span<byte> target)
    {
        _bytes.Written.Span.Slice(_sent, target.Length).CopyTo(target);
        _sent += target.Length;
    }
}
