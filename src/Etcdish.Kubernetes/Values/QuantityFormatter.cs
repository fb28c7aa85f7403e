namespace Etcdish.Kubernetes;

/// <summary>Writes the canonical form of a quantity.</summary>
internal static class QuantityFormatter
{
    public static int Write(Quantity quantity, Span<byte> target)
    {
        var nanos = quantity.Nanos;
        if (nanos == 0)
        {
            target[0] = (byte)'0';
            return 1;
        }

        return IsBinary(quantity) ? WriteBinary(nanos / Quantity.NanosPerUnit, target) : WriteDecimal(nanos, quantity.Format, target);
    }

    /// <summary>Small amounts and fractions are clearer, and exact, as decimals.</summary>
    private static bool IsBinary(Quantity quantity) =>
        quantity.Format == QuantityFormat.BinarySI
        && Int128.Abs(quantity.Nanos) >= (Int128)1024 * Quantity.NanosPerUnit
        && quantity.Nanos % Quantity.NanosPerUnit == 0;

    private static int WriteBinary(Int128 value, Span<byte> target)
    {
        var power = 0;
        for (; power < 6 && value % 1024 == 0; power++)
        {
            value /= 1024;
        }

        value.TryFormat(target, out var length, default, null);
        if (power > 0)
        {
            target[length++] = " KMGTPE"u8[power];
            target[length++] = (byte)'i';
        }

        return length;
    }

    private static int WriteDecimal(Int128 value, QuantityFormat format, Span<byte> target)
    {
        var exponent = -9;
        while (value % 1000 == 0 && (exponent < 18 || format == QuantityFormat.DecimalExponent))
        {
            value /= 1000;
            exponent += 3;
        }

        value.TryFormat(target, out var length, default, null);
        if (exponent == 0)
        {
            return length;
        }

        if (format == QuantityFormat.DecimalExponent)
        {
            target[length++] = (byte)'e';
            exponent.TryFormat(target[length..], out var written, default, null);
            return length + written;
        }

        target[length++] = "num_kMGTPE"u8[(exponent / 3) + 3];
        return length;
    }
}
