using System.Text;

namespace Etcdish.Cluster;

/// <summary>A key or a value: any bytes, with text taken as UTF-8. Exists so that each method needs one overload instead of four.</summary>
public readonly struct Bytes : IEquatable<Bytes>
{
    /// <summary>Wraps bytes without copying them; they must not change afterwards.</summary>
    public Bytes(ReadOnlyMemory<byte> memory) => Memory = memory;

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Memory { get; }

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => Memory.Span;

    /// <summary>Number of bytes.</summary>
    public int Length => Memory.Length;

    /// <summary>Text as UTF-8.</summary>
    public static implicit operator Bytes(string text) => new(Encoding.UTF8.GetBytes(text));

    /// <summary>The array itself, not a copy.</summary>
    public static implicit operator Bytes(byte[] bytes) => new(bytes);

    /// <summary>The memory itself, not a copy.</summary>
    public static implicit operator Bytes(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>Text as UTF-8; the method behind the conversion.</summary>
    public static Bytes FromString(string text) => text;

    /// <summary>Whether the bytes are the same.</summary>
    public static bool operator ==(Bytes left, Bytes right) => left.Equals(right);

    /// <summary>Whether the bytes differ.</summary>
    public static bool operator !=(Bytes left, Bytes right) => !left.Equals(right);

    /// <inheritdoc/>
    public bool Equals(Bytes other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Bytes other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.AddBytes(Span);
        return hash.ToHashCode();
    }

    /// <summary>The bytes as UTF-8 text; what is not UTF-8 shows as U+FFFD.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Span);
}
