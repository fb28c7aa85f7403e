using System.Buffers;
using System.Globalization;

namespace Etcdish.ApiServer.Kinds;

/// <summary>
/// The notation of schedules: five fields (minute, hour, day of month, month, day of week) or a word behind <c>@</c>. Only whether it can
/// be understood; the words are those of the parser that Kubernetes uses.
/// </summary>
internal static class CronSchedule
{
    private static readonly SearchValues<char> _digits = SearchValues.Create("0123456789.");
    private static readonly string[] _words = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    private static readonly string[] _months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] _days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Range[] _fields =
        [new(0, 59, []), new(0, 23, []), new(1, 31, []), new(1, 12, _months), new(0, 6, _days)];

    /// <summary>What is wrong with a schedule; null if it can be understood.</summary>
    public static string? Problem(string schedule)
    {
        if (schedule.StartsWith('@'))
        {
            return ProblemOfWord(schedule);
        }

        var parts = schedule.Split((char[])[' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != _fields.Length)
        {
            return $"expected exactly 5 fields, found {parts.Length}: [{string.Join(' ', parts)}]";
        }

        for (var i = 0; i < parts.Length; i++)
        {
            foreach (var expression in parts[i].Split(','))
            {
                if (ProblemOf(expression, _fields[i]) is { } problem)
                {
                    return problem;
                }
            }
        }

        return null;
    }

    private static string? ProblemOfWord(string schedule)
    {
        const string Every = "@every ";
        if (schedule.StartsWith(Every, StringComparison.Ordinal))
        {
            return IsDuration(schedule.AsSpan(Every.Length))
                ? null : $"failed to parse duration {schedule}: time: invalid duration \"{schedule[Every.Length..]}\"";
        }

        return Array.IndexOf(_words, schedule) >= 0 ? null : $"unrecognized descriptor: {schedule}";
    }

    /// <summary>Whether a text is a row of numbers with units, such as <c>1h30m</c>.</summary>
    private static bool IsDuration(ReadOnlySpan<char> text)
    {
        if (text.Length == 0)
        {
            return false;
        }

        while (text.Length > 0)
        {
            var digits = text.IndexOfAnyExcept(_digits);
            if (digits <= 0 || text[..digits] is ".")
            {
                return false;
            }

            text = text[digits..];
            var end = text.IndexOfAny(_digits);
            var unit = end < 0 ? text : text[..end];
            if (unit is not ("ns" or "us" or "µs" or "ms" or "s" or "m" or "h"))
            {
                return false;
            }

            text = text[unit.Length..];
        }

        return true;
    }

    private static string? ProblemOf(string expression, Range range)
    {
        var steps = expression.Split('/');
        var ends = steps[0].Split('-');
        int first;
        int last;
        if (ends[0] is "*" or "?")
        {
            (first, last) = (range.Least, range.Most);
        }
        else if (!range.TryRead(ends[0], out first, out var problem) || !range.TryRead(ends[^1], out last, out problem))
        {
            return problem;
        }

        if (ends.Length > 2)
        {
            return $"too many hyphens: {expression}";
        }

        if (steps.Length > 2)
        {
            return $"too many slashes: {expression}";
        }

        var step = 1;
        if (steps.Length == 2)
        {
            if (!Range.TryNumber(steps[1], out step, out var wrong))
            {
                return wrong;
            }

            last = ends.Length == 1 ? range.Most : last;
        }

        return first < range.Least ? $"beginning of range ({first}) below minimum ({range.Least}): {expression}"
            : last > range.Most ? $"end of range ({last}) above maximum ({range.Most}): {expression}"
            : first > last ? $"beginning of range ({first}) beyond end of range ({last}): {expression}"
            : step == 0 ? $"step of range should be a positive number: {expression}"
            : null;
    }

    /// <summary>What a field may say.</summary>
    private sealed record Range(int Least, int Most, string[] Names)
    {
        public bool TryRead(string text, out int number, out string problem)
        {
            number = Array.FindIndex(Names, name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
            problem = "";
            if (number >= 0)
            {
                number += Least;
                return true;
            }

            return TryNumber(text, out number, out problem);
        }

        public static bool TryNumber(string text, out int number, out string problem)
        {
            problem = "";
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
            {
                problem = $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax";
                return false;
            }

            if (number < 0)
            {
                problem = $"negative number ({number}) not allowed: {text}";
                return false;
            }

            return true;
        }
    }
}
