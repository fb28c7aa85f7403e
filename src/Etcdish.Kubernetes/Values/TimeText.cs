using System.Buffers.Text;
using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>Times as Kubernetes writes them: RFC 3339 in UTC, in whole seconds or with six digits of a fraction.</summary>
public static class TimeText
{
    /// <summary>No such text is longer, in bytes.</summary>
    public const int MaxLength = 27;

    /// <summary>The round-trip form of .NET, of which the head is taken, needs this many bytes.</summary>
    internal const int ScratchLength = 33;

    private const long EarliestSecond = -62_135_596_800;
    private const long LatestSecond = 253_402_300_799;

    /// <summary>The text of a moment in whole seconds, as in <c>creationTimestamp</c>.</summary>
    public static string Format(DateTimeOffset time) => Format(time, withMicroseconds: false);

    /// <summary>The text of a moment with microseconds, as in the <c>renewTime</c> of a Lease.</summary>
    public static string FormatMicro(DateTimeOffset time) => Format(time, withMicroseconds: true);

    /// <summary>Reads a moment with any offset and any fraction; digits beyond nanoseconds are dropped.</summary>
    public static bool TryParse(string text, out DateTimeOffset time)
    {
        time = default;
        if (!TryParse(text, out var seconds, out var nanoseconds))
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / 100);
        return true;
    }

    internal static bool TryFormat(long seconds, int nanoseconds, bool withMicroseconds, Span<byte> target, out int length)
    {
        length = 0;
        if (seconds is < EarliestSecond or > LatestSecond || nanoseconds is < 0 or > 999_999_999)
        {
            return false;
        }

        var time = DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime;
        Utf8Formatter.TryFormat(time, target, out _, 'O');
        length = "2006-01-02T15:04:05".Length;
        if (withMicroseconds)
        {
            target[length++] = (byte)'.';
            Utf8Formatter.TryFormat(nanoseconds / 1000, target[length..], out var digits, new System.Buffers.StandardFormat('D', 6));
            length += digits;
        }

        target[length++] = (byte)'Z';
        return true;
    }

    internal static bool TryParse(ReadOnlySpan<char> text, out long seconds, out int nanoseconds)
    {
        (seconds, nanoseconds) = (0, 0);
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || text[10] is not ('T' or 't') || text[13] != ':' || text[16] != ':'
            || !Digits(text[..4], out var year) || !Digits(text[5..7], out var month) || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour) || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second))
        {
            return false;
        }

        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59
            || second > 59 || !TryReadFraction(text[19..], out nanoseconds, out var zone) || !TryReadZone(zone, out var offsetSeconds))
        {
            return false;
        }

        var local = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc);
        seconds = ((local - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond) - offsetSeconds;
        return seconds is >= EarliestSecond and <= LatestSecond;
    }

    private static string Format(DateTimeOffset time, bool withMicroseconds)
    {
        Span<byte> text = stackalloc byte[ScratchLength];
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
        {
            seconds--;
            rest += TimeSpan.TicksPerSecond;
        }

        TryFormat(seconds, (int)rest * 100, withMicroseconds, text, out var length);
        return Encoding.ASCII.GetString(text[..length]);
    }

    private static bool TryReadFraction(ReadOnlySpan<char> text, out int nanoseconds, out ReadOnlySpan<char> zone)
    {
        nanoseconds = 0;
        zone = text;
        if (text[0] is not ('.' or ','))
        {
            return true;
        }

        var digits = text[1..].IndexOfAnyExceptInRange('0', '9');
        if (digits < 1)
        {
            return false;
        }

        for (var i = 0; i < 9; i++)
        {
            nanoseconds = (nanoseconds * 10) + (i < digits ? text[1 + i] - '0' : 0);
        }

        zone = text[(1 + digits)..];
        return true;
    }

    private static bool TryReadZone(ReadOnlySpan<char> zone, out int offsetSeconds)
    {
        offsetSeconds = 0;
        if (zone is "Z" or "z")
        {
            return true;
        }

        if (zone.Length != 6 || zone[0] is not ('+' or '-') || zone[3] != ':'
            || !Digits(zone[1..3], out var hours) || !Digits(zone[4..], out var minutes) || hours > 23 || minutes > 59)
        {
            return false;
        }

        offsetSeconds = ((hours * 60) + minutes) * (zone[0] == '-' ? -60 : 60);
        return true;
    }

    private static bool Digits(ReadOnlySpan<char> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }

            value = (value * 10) + (c - '0');
        }

        return true;
    }
}
