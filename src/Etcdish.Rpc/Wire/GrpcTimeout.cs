using System.Globalization;

namespace Etcdish.Rpc.Wire;

/// <summary>The grpc-timeout header: one to eight digits and a unit (H, M, S, m, u, n).</summary>
internal static class GrpcTimeout
{
    private const int MaxDigits = 8;
    private const long MaxValue = 99_999_999;

    /// <summary>False when the text is not a timeout; a timeout too long for a TimeSpan is clamped to its maximum.</summary>
    public static bool TryParse(string? text, out TimeSpan timeout)
    {
        timeout = default;
        if (text is null || text.Length < 2 || text.Length > MaxDigits + 1)
        {
            return false;
        }

        long value = 0;
        foreach (char digit in text.AsSpan(0, text.Length - 1))
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            value = (value * 10) + (digit - '0');
        }

        long ticks = TicksPerUnit(text[^1]);
        if (ticks < 0)
        {
            return false;
        }

        // Ten nanoseconds round up to a tick, so that a tiny timeout never becomes "none".
        timeout = ticks == 0 ? TimeSpan.FromTicks((value + 99) / 100) : Multiply(value, ticks);
        return true;
    }

    /// <summary>The header for a time that is left; never longer than it, at least one nanosecond.</summary>
    public static string Format(TimeSpan left)
    {
        long ticks = Math.Max(left.Ticks, 0);
        if (ticks <= MaxValue / 100)
        {
            return Text(Math.Max(ticks * 100, 1), 'n');
        }

        if (ticks / TimeSpan.TicksPerMicrosecond <= MaxValue)
        {
            return Text(ticks / TimeSpan.TicksPerMicrosecond, 'u');
        }

        if (ticks / TimeSpan.TicksPerMillisecond <= MaxValue)
        {
            return Text(ticks / TimeSpan.TicksPerMillisecond, 'm');
        }

        return ticks / TimeSpan.TicksPerSecond <= MaxValue
            ? Text(ticks / TimeSpan.TicksPerSecond, 'S')
            : Text(Math.Min(ticks / TimeSpan.TicksPerHour, MaxValue), 'H');
    }

    private static string Text(long value, char unit) => string.Create(CultureInfo.InvariantCulture, $"{value}{unit}");

    private static TimeSpan Multiply(long value, long ticks) =>
        value > TimeSpan.MaxValue.Ticks / ticks ? TimeSpan.MaxValue : TimeSpan.FromTicks(value * ticks);

    // Zero stands for the nanosecond, which is a hundredth of a tick; -1 for no unit at all.
    private static long TicksPerUnit(char unit) => unit switch
    {
        'H' => TimeSpan.TicksPerHour,
        'M' => TimeSpan.TicksPerMinute,
        'S' => TimeSpan.TicksPerSecond,
        'm' => TimeSpan.TicksPerMillisecond,
        'u' => TimeSpan.TicksPerMicrosecond,
        'n' => 0,
        _ => -1,
    };
}
