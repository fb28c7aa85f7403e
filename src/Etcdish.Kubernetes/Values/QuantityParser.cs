using System.Buffers;
using System.Buffers.Text;
using System.Numerics;

namespace Etcdish.Kubernetes;

/// <summary>Reads quantities: sign, digits with at most one point, suffix.</summary>
internal static class QuantityParser
{
    private const string WrongFormat =
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

    private const string WrongSuffix = "unable to parse quantity's suffix";

    /// <summary>More digits than any value within the range can need; what is beyond only says which way to round.</summary>
    private const int MaxDigits = 64;

    private const int NanoDigits = 9;
    private const int MaxSmallDigits = 9;
    private const int MaxSmallExponent = 18;

    private static readonly SearchValues<byte> _numberBytes = SearchValues.Create("0123456789."u8);
    private static readonly SearchValues<byte> _suffixBytes = SearchValues.Create("eEinumkKMGTP"u8);
    private static readonly BigInteger _largestNanos = (BigInteger)long.MaxValue * Quantity.NanosPerUnit;
    private static readonly Int128[] _powers =
        [.. Enumerable.Range(0, NanoDigits + MaxSmallExponent + 1).Select(power => (Int128)BigInteger.Pow(10, power))];

    private static Int128 MostNanos => (Int128)long.MaxValue * Quantity.NanosPerUnit;

    public static bool TryParse(ReadOnlySpan<byte> text, out Quantity quantity, out string problem)
    {
        quantity = default;
        problem = WrongFormat;
        var isNegative = text.Length > 0 && text[0] == '-';
        var body = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        var length = body.IndexOfAnyExcept(_numberBytes);
        var number = length < 0 ? body : body[..length];
        var suffix = body[number.Length..];
        var point = number.IndexOf((byte)'.');
        if (number.Length == 0 || number.Length - number.Count((byte)'.') == 0
            || (point >= 0 && number[(point + 1)..].Contains((byte)'.')) || !IsSuffixShape(suffix))
        {
            return false;
        }

        if (!TryReadSuffix(suffix, out var format, out var exponent, out var shift))
        {
            problem = WrongSuffix;
            return false;
        }

        var nanos = point < 0 && number.Length <= MaxSmallDigits && exponent is >= -NanoDigits and <= MaxSmallExponent
            ? Small(number, exponent, shift)
            : General(number, point, exponent, shift);
        quantity = new Quantity(isNegative ? -nanos : nanos, format);
        problem = "";
        return true;
    }

    /// <summary>Whole numbers as people write them: with any suffix they stay below 2^120.</summary>
    private static Int128 Small(ReadOnlySpan<byte> digits, int exponent, int shift)
    {
        long value = 0;
        foreach (var digit in digits)
        {
            value = (value * 10) + (digit - '0');
        }

        var nanos = ((Int128)value * _powers[exponent + NanoDigits]) << shift;
        return Int128.Min(nanos, MostNanos);
    }

    private static Int128 General(ReadOnlySpan<byte> number, int point, int exponent, int shift)
    {
        var scale = exponent + 9 - (point < 0 ? 0 : number.Length - point - 1);
        var mantissa = BigInteger.Zero;
        var digits = 0;
        var isInexact = false;
        foreach (var c in number)
        {
            if (c == '.')
            {
                continue;
            }

            if (digits < MaxDigits)
            {
                mantissa = (mantissa * 10) + (c - '0');
                digits += digits > 0 || c != '0' ? 1 : 0;
            }
            else
            {
                scale++;
                isInexact |= c != '0';
            }
        }

        return mantissa.IsZero ? 0 : Scale(mantissa << shift, digits, scale, isInexact);
    }

    private static Int128 Scale(BigInteger mantissa, int digits, int scale, bool isInexact)
    {
        if (digits + (long)scale > 40)
        {
            return (Int128)_largestNanos;
        }

        // A shift adds at most nineteen digits: below this the value is less than one nano for certain.
        if (digits + (long)scale < -20)
        {
            return 1;
        }

        var nanos = mantissa;
        if (scale >= 0)
        {
            nanos *= BigInteger.Pow(10, scale);
        }
        else
        {
            nanos = BigInteger.DivRem(mantissa, BigInteger.Pow(10, -scale), out var rest);
            isInexact |= !rest.IsZero;
        }

        nanos += isInexact ? 1 : 0;
        return (Int128)BigInteger.Min(nanos, _largestNanos);
    }

    private static bool IsSuffixShape(ReadOnlySpan<byte> suffix)
    {
        var letters = suffix.IndexOfAnyExcept(_suffixBytes);
        var rest = letters < 0 ? default : suffix[letters..];
        if (rest.Length > 0 && rest[0] is (byte)'-' or (byte)'+')
        {
            rest = rest[1..];
        }

        return rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    private static bool TryReadSuffix(ReadOnlySpan<byte> suffix, out QuantityFormat format, out int exponent, out int shift)
    {
        (format, exponent, shift) = (QuantityFormat.DecimalSI, 0, 0);
        if (suffix.Length == 2 && suffix[1] == 'i')
        {
            format = QuantityFormat.BinarySI;
            var power = "KMGTPE"u8.IndexOf(suffix[0]);
            shift = (power + 1) * 10;
            return power >= 0;
        }

        if (suffix.Length <= 1)
        {
            // Fifteen suffixes in steps of a thousand, from nano to exa; none stands for one.
            var power = suffix.Length == 0 ? 3 : "num_kMGTPE"u8.IndexOf(suffix[0]);
            exponent = (power - 3) * 3;
            return power >= 0 && (suffix.Length == 0 || suffix[0] != '_');
        }

        format = QuantityFormat.DecimalExponent;
        var digits = suffix[1] == '+' ? suffix[2..] : suffix[1..];
        return suffix[0] is (byte)'e' or (byte)'E' && Utf8Parser.TryParse(digits, out exponent, out var used) && used == digits.Length
            && exponent is > -100_000 and < 100_000;
    }
}
