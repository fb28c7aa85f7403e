using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>
/// An amount of a resource: an exact decimal in steps of a billionth, up to 2^63-1, with the suffix it was given in. Finer fractions round
/// away from zero and larger amounts are cut to the largest, as Kubernetes does, so that parsing never fails for size.
/// </summary>
public readonly struct Quantity : IEquatable<Quantity>, IComparable<Quantity>, IComparable
{
    /// <summary>No text of a quantity is longer, in bytes.</summary>
    public const int MaxTextLength = 48;

    internal const long NanosPerUnit = 1_000_000_000;

    private readonly Int128 _nanos;

    internal Quantity(Int128 nanos, QuantityFormat format)
    {
        _nanos = nanos;
        Format = format;
    }

    /// <summary>A whole number.</summary>
    public Quantity(long value, QuantityFormat format = QuantityFormat.DecimalSI)
        : this((Int128)value * NanosPerUnit, format)
    {
    }

    /// <summary>How it is written.</summary>
    public QuantityFormat Format { get; }

    /// <summary>The amount, rounded up to a whole number.</summary>
    /// <exception cref="OverflowException">A sum or product went beyond 64 bits.</exception>
    public long Value => checked((long)RoundUp(NanosPerUnit));

    /// <summary>The amount in thousandths, rounded up.</summary>
    /// <exception cref="OverflowException">It is beyond 64 bits.</exception>
    public long MilliValue => checked((long)RoundUp(NanosPerUnit / 1000));

    /// <summary>Whether the amount is nothing.</summary>
    public bool IsZero => _nanos == 0;

    /// <summary>-1, 0 or 1.</summary>
    public int Sign => Int128.Sign(_nanos);

    internal Int128 Nanos => _nanos;

    /// <summary>A quantity in thousandths.</summary>
    public static Quantity FromMilli(long milli, QuantityFormat format = QuantityFormat.DecimalSI) =>
        new((Int128)milli * (NanosPerUnit / 1000), format);

    /// <summary>A quantity in billionths.</summary>
    public static Quantity FromNano(long nano, QuantityFormat format = QuantityFormat.DecimalSI) => new((Int128)nano, format);

    /// <summary>Parses a quantity.</summary>
    /// <exception cref="FormatException">It is none; the message is Kubernetes' own.</exception>
    public static Quantity Parse(string text) =>
        TryParse(Encoding.UTF8.GetBytes(text), out var quantity, out var problem) ? quantity : throw new FormatException(problem);

    /// <summary>Parses a quantity.</summary>
    public static bool TryParse(string text, out Quantity quantity) => TryParse(Encoding.UTF8.GetBytes(text), out quantity, out _);

    /// <summary>Parses a quantity; <paramref name="problem"/> is what Kubernetes says of one that is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Quantity quantity, out string problem) =>
        QuantityParser.TryParse(text, out quantity, out problem);

    /// <summary>The sum, in the format of the first unless that is zero.</summary>
    public static Quantity operator +(Quantity left, Quantity right) =>
        new(checked(left._nanos + right._nanos), left.IsZero ? right.Format : left.Format);

    /// <summary>The difference, in the format of the first unless that is zero.</summary>
    public static Quantity operator -(Quantity left, Quantity right) =>
        new(checked(left._nanos - right._nanos), left.IsZero ? right.Format : left.Format);

    /// <summary>The opposite.</summary>
    public static Quantity operator -(Quantity value) => new(-value._nanos, value.Format);

    /// <summary>The product with a whole number.</summary>
    public static Quantity operator *(Quantity left, long right) => new(checked(left._nanos * right), left.Format);

    /// <summary>Whether the amounts are equal.</summary>
    public static bool operator ==(Quantity left, Quantity right) => left._nanos == right._nanos;

    /// <summary>Whether the amounts differ.</summary>
    public static bool operator !=(Quantity left, Quantity right) => left._nanos != right._nanos;

    /// <summary>Whether the first amount is less.</summary>
    public static bool operator <(Quantity left, Quantity right) => left._nanos < right._nanos;

    /// <summary>Whether the first amount is more.</summary>
    public static bool operator >(Quantity left, Quantity right) => left._nanos > right._nanos;

    /// <summary>Whether the first amount is not more.</summary>
    public static bool operator <=(Quantity left, Quantity right) => left._nanos <= right._nanos;

    /// <summary>Whether the first amount is not less.</summary>
    public static bool operator >=(Quantity left, Quantity right) => left._nanos >= right._nanos;

    /// <summary>The sum.</summary>
    public static Quantity Add(Quantity left, Quantity right) => left + right;

    /// <summary>The difference.</summary>
    public static Quantity Subtract(Quantity left, Quantity right) => left - right;

    /// <summary>The product with a whole number.</summary>
    public static Quantity Multiply(Quantity left, long right) => left * right;

    /// <summary>The opposite.</summary>
    public static Quantity Negate(Quantity value) => -value;

    /// <summary>The amount as the nearest binary64 number.</summary>
    public double ToDouble() => (double)_nanos / NanosPerUnit;

    /// <summary>Writes the canonical text: no fraction, the largest suffix that allows it. Returns its length.</summary>
    /// <param name="target">At least <see cref="MaxTextLength"/> bytes.</param>
    public int WriteTo(Span<byte> target) => QuantityFormatter.Write(this, target);

    /// <summary>The canonical text.</summary>
    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaxTextLength];
        return Encoding.ASCII.GetString(text[..WriteTo(text)]);
    }

    /// <inheritdoc/>
    public int CompareTo(Quantity other) => _nanos.CompareTo(other._nanos);

    /// <inheritdoc/>
    public int CompareTo(object? obj) => obj switch
    {
        null => 1,
        Quantity other => CompareTo(other),
        _ => throw new ArgumentException("not a quantity", nameof(obj)),
    };

    /// <summary>Whether the amounts are equal, however they are written.</summary>
    public bool Equals(Quantity other) => _nanos == other._nanos;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _nanos.GetHashCode();

    private Int128 RoundUp(long unit)
    {
        var (quotient, rest) = Int128.DivRem(_nanos, unit);
        return rest == 0 ? quotient : quotient + Int128.Sign(_nanos);
    }
}
