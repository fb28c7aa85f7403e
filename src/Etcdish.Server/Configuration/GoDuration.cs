using System.Buffers;
using System.Globalization;
using System.Text;

namespace Etcdish.Server.Configuration;

/// <summary>Durations as Go writes them ("1h15m30.5s", "250ms"), which is how etcd's flags are given and its logs are written.</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> _numberCharacters = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Nanoseconds)[] _units =
    [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ];

    /// <summary>Reads a duration; a bare number is refused except zero, as in Go.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith('-');
        if (rest.Length > 0 && rest[0] is '+' or '-')
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return true;
        }

        double nanoseconds = 0;
        bool any = false;
        while (rest.Length > 0)
        {
            if (!TryTakeTerm(ref rest, out double term))
            {
                return false;
            }

            nanoseconds += term;
            any = true;
        }

        if (!any || nanoseconds > long.MaxValue)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)Math.Round(nanoseconds / TimeSpan.NanosecondsPerTick));
        duration = negative ? -duration : duration;
        return true;
    }

    /// <summary>Writes a duration as Go's String method does, for logs: "1h0m0s", "1.5s", "250ms".</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        string sign = duration < TimeSpan.Zero ? "-" : "";
        duration = duration.Duration();
        if (duration < TimeSpan.FromMicroseconds(1))
        {
            return Invariant($"{sign}{duration.TotalNanoseconds:0.###}ns");
        }

        if (duration < TimeSpan.FromMilliseconds(1))
        {
            return Invariant($"{sign}{duration.TotalMicroseconds:0.###}µs");
        }

        if (duration < TimeSpan.FromSeconds(1))
        {
            return Invariant($"{sign}{duration.TotalMilliseconds:0.######}ms");
        }

        var text = new StringBuilder(sign);
        long hours = (long)duration.TotalHours;
        if (hours > 0)
        {
            text.Append(hours).Append('h');
        }

        if (duration.TotalMinutes >= 1)
        {
            text.Append(duration.Minutes).Append('m');
        }

        decimal seconds = duration.Ticks % TimeSpan.TicksPerMinute / (decimal)TimeSpan.TicksPerSecond;
        return text.Append(seconds.ToString("0.#########", CultureInfo.InvariantCulture)).Append('s').ToString();
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static bool TryTakeTerm(ref ReadOnlySpan<char> rest, out double nanoseconds)
    {
        nanoseconds = 0;
        int digits = rest.IndexOfAnyExcept(_numberCharacters);
        if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            return false;
        }

        rest = rest[digits..];
        int unitLength = rest.IndexOfAny(_numberCharacters);
        ReadOnlySpan<char> unit = unitLength < 0 ? rest : rest[..unitLength];
        foreach ((string name, double factor) in _units)
        {
            if (unit.SequenceEqual(name))
            {
                rest = rest[unit.Length..];
                nanoseconds = number * factor;
                return true;
            }
        }

        return false;
    }
}
