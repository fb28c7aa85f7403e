using System.Buffers;
using System.Globalization;
using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>Lengths of time as Go writes them, in nanoseconds: <c>1h2m3.5s</c>, <c>150ms</c>, <c>0s</c>.</summary>
public static class DurationText
{
    private static readonly SearchValues<char> _numberCharacters = SearchValues.Create("0123456789.");

    private const long Microsecond = 1_000;
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;

    /// <summary>Writes a length of time.</summary>
    public static string Format(long nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "0s";
        }

        var text = new StringBuilder(nanoseconds < 0 ? "-" : "");
        var value = (UInt128)Int128.Abs(nanoseconds);
        if (value < Second)
        {
            var (unit, name) = value < Microsecond ? (1L, "ns") : value < Millisecond ? (Microsecond, "µs") : (Millisecond, "ms");
            return AppendDecimal(text, value, unit).Append(name).ToString();
        }

        if (value >= Hour)
        {
            text.Append(CultureInfo.InvariantCulture, $"{value / Hour}h");
        }

        if (value >= Minute)
        {
            text.Append(CultureInfo.InvariantCulture, $"{value / Minute % 60}m");
        }

        return AppendDecimal(text, value % Minute, Second).Append('s').ToString();
    }

    /// <summary>Reads a length of time; false if the text is none, or more than 292 years.</summary>
    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var rest = text.AsSpan();
        var isNegative = rest.StartsWith('-');
        rest = rest.Length > 0 && rest[0] is '-' or '+' ? rest[1..] : rest;
        if (rest is "0")
        {
            return true;
        }

        decimal sum = 0;
        var any = false;
        while (rest.Length > 0)
        {
            var number = rest.IndexOfAnyExcept(_numberCharacters);
            if (number is < 1 or > 24
                || !decimal.TryParse(rest[..number], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            {
                return false;
            }

            rest = rest[number..];
            var end = rest.IndexOfAny(_numberCharacters);
            var unit = UnitOf(end < 0 ? rest : rest[..end]);
            if (unit == 0 || value > long.MaxValue / unit)
            {
                return false;
            }

            sum += decimal.Truncate(value * unit);
            rest = end < 0 ? default : rest[end..];
            any = true;
            if (sum > long.MaxValue)
            {
                return false;
            }
        }

        nanoseconds = (long)(isNegative ? -sum : sum);
        return any;
    }

    private static long UnitOf(ReadOnlySpan<char> name) => name switch
    {
        "ns" => 1,
        "us" or "µs" or "μs" => Microsecond,
        "ms" => Millisecond,
        "s" => Second,
        "m" => Minute,
        "h" => Hour,
        _ => 0,
    };

    private static StringBuilder AppendDecimal(StringBuilder text, UInt128 value, long unit)
    {
        text.Append(CultureInfo.InvariantCulture, $"{value / (ulong)unit}");
        var fraction = (long)(value % (ulong)unit);
        if (fraction == 0)
        {
            return text;
        }

        var width = unit.ToString(CultureInfo.InvariantCulture).Length - 1;
        return text.Append('.').Append(fraction.ToString($"D{width}", CultureInfo.InvariantCulture).TrimEnd('0'));
    }
}
