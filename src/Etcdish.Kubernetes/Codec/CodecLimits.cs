namespace Etcdish.Kubernetes;

/// <summary>Bounds on what one object may cost, whatever a client sends.</summary>
public sealed record CodecLimits
{
    /// <summary>The defaults: depth 128, 16 MiB.</summary>
    public static CodecLimits Default { get; } = new();

    /// <summary>How deep objects and lists may nest. 1 to 512: each level costs a few hundred bytes of stack.</summary>
    public int MaxDepth
    {
        get;
        init => field = value is >= 1 and <= 512 ? value : throw new ArgumentOutOfRangeException(nameof(MaxDepth));
    } = 128;

    /// <summary>How many bytes an encoded or decoded object may have. A short message can stand for a long text.</summary>
    public int MaxOutputBytes
    {
        get;
        init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(MaxOutputBytes));
    } = 16 * 1024 * 1024;
}
