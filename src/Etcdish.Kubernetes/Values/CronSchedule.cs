using System.Diagnostics.CodeAnalysis;

namespace Etcdish.Kubernetes;

/// <summary>
/// Times in the notation of cron: five fields (minute, hour, day of month, month, day of week) or a word behind <c>@</c>, understood as
/// Kubernetes does. It is time when the clocks of a place show what the fields say: what they skip in spring is left out, and what they
/// show twice in autumn is twice. If both fields of days are narrowed, one of them is enough.
/// </summary>
public sealed class CronSchedule
{
    private const string Every = "@every ";
    private const int YearsAhead = 5;

    /// <summary>No clocks are set back by more.</summary>
    private static readonly TimeSpan _longestRepetition = TimeSpan.FromHours(3);

    private static readonly string[] _months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] _days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly CronRange[] _ranges =
        [new(0, 59, []), new(0, 23, []), new(1, 31, []), new(1, 12, _months), new(0, 6, _days)];

    private readonly CronField _minutes;
    private readonly CronField _hours;
    private readonly CronField _monthDays;
    private readonly CronField _yearMonths;
    private readonly CronField _weekDays;
    private readonly TimeSpan _period;

    private CronSchedule(TimeSpan period) => _period = period;

    private CronSchedule(CronField[] fields) =>
        (_minutes, _hours, _monthDays, _yearMonths, _weekDays) = (fields[0], fields[1], fields[2], fields[3], fields[4]);

    /// <summary>Reads a schedule.</summary>
    /// <param name="text">The schedule.</param>
    /// <param name="schedule">What it says.</param>
    /// <param name="problem">What is wrong with it, in the words of Kubernetes' own parser; else empty.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronSchedule? schedule, out string problem)
    {
        schedule = null;
        problem = "";
        if (text.StartsWith('@'))
        {
            return TryParseWord(text, out schedule, out problem);
        }

        var parts = text.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != _ranges.Length)
        {
            problem = $"expected exactly 5 fields, found {parts.Length}: [{string.Join(' ', parts)}]";
            return false;
        }

        var fields = new CronField[_ranges.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (!CronField.TryRead(parts[i], _ranges[i], out fields[i], out problem))
            {
                return false;
            }
        }

        schedule = new CronSchedule(fields);
        return true;
    }

    /// <summary>The first time behind another. Null: there is none within five years.</summary>
    /// <param name="after">The time before.</param>
    /// <param name="zone">The place whose clocks are meant.</param>
    public DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        after = after.ToUniversalTime();
        if (_period > TimeSpan.Zero)
        {
            return after.AddTicks(-(after.Ticks % TimeSpan.TicksPerSecond)) + _period;
        }

        var day = TimeZoneInfo.ConvertTime(after, zone).Date;
        for (var end = day.AddYears(YearsAhead); day <= end;)
        {
            if (!_yearMonths.Has(day.Month))
            {
                day = new DateTime(day.Year, day.Month, 1).AddMonths(1);
                continue;
            }

            if (IsDay(day) && FirstOn(day, after, zone) is { } found)
            {
                return found;
            }

            day = day.AddDays(1);
        }

        return null;
    }

    /// <summary>The last time behind another and not behind a second. Null: there is none.</summary>
    /// <param name="after">The time before.</param>
    /// <param name="until">The time at which it is at the latest.</param>
    /// <param name="zone">The place whose clocks are meant.</param>
    public DateTimeOffset? Last(DateTimeOffset after, DateTimeOffset until, TimeZoneInfo zone)
    {
        if (_period > TimeSpan.Zero)
        {
            var first = Next(after, zone)!.Value;
            return first > until ? null : first + ((until - first).Ticks / _period.Ticks * _period);
        }

        // Looked for in the last minutes first, then in twice as many.
        for (var window = TimeSpan.FromMinutes(2); ; window *= 2)
        {
            var from = until - window > after ? until - window : after;
            DateTimeOffset? last = null;
            for (var next = Next(from, zone); next <= until; next = Next(next.Value, zone))
            {
                last = next;
            }

            if (last is not null || from == after)
            {
                return last;
            }
        }
    }

    private static bool TryParseWord(string text, out CronSchedule? schedule, out string problem)
    {
        schedule = null;
        problem = "";
        if (text.StartsWith(Every, StringComparison.Ordinal))
        {
            if (!DurationText.TryParse(text[Every.Length..], out var nanoseconds))
            {
                problem = $"failed to parse duration {text}: time: invalid duration \"{text[Every.Length..]}\"";
                return false;
            }

            schedule = new CronSchedule(TimeSpan.FromSeconds(Math.Max(1, nanoseconds / 1_000_000_000)));
            return true;
        }

        var fields = text switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => null,
        };
        if (fields is null)
        {
            problem = $"unrecognized descriptor: {text}";
            return false;
        }

        return TryParse(fields, out schedule, out problem);
    }

    private bool IsDay(DateTime day)
    {
        var (isMonthDay, isWeekDay) = (_monthDays.Has(day.Day), _weekDays.Has((int)day.DayOfWeek));
        return _monthDays.IsAny || _weekDays.IsAny ? isMonthDay && isWeekDay : isMonthDay || isWeekDay;
    }

    /// <summary>The first time on a day that is behind another. Where clocks are set back, an earlier reading may be a later time.</summary>
    private DateTimeOffset? FirstOn(DateTime day, DateTimeOffset after, TimeZoneInfo zone)
    {
        DateTimeOffset? first = null;
        var earliest = TimeZoneInfo.ConvertTime(after, zone).DateTime - _longestRepetition;
        for (var hour = 0; hour < 24; hour++)
        {
            for (var minute = 0; _hours.Has(hour) && minute < 60; minute++)
            {
                var reading = day.AddMinutes((hour * 60) + minute);
                if (!_minutes.Has(minute) || reading < earliest || zone.IsInvalidTime(reading))
                {
                    continue;
                }

                var isTwice = zone.IsAmbiguousTime(reading);
                TimeSpan[] offsets = isTwice ? zone.GetAmbiguousTimeOffsets(reading) : [zone.GetUtcOffset(reading)];
                foreach (var offset in offsets)
                {
                    var time = new DateTimeOffset(reading, offset).ToUniversalTime();
                    first = time > after && (first is null || time < first) ? time : first;
                }

                if (first is not null && !isTwice)
                {
                    return first;
                }
            }
        }

        return first;
    }
}
