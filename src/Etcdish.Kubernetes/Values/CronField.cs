using System.Globalization;

namespace Etcdish.Kubernetes;

/// <summary>One field of a schedule: the numbers at which it is time.</summary>
/// <param name="Numbers">A bit for each.</param>
/// <param name="IsAny">Whether the field names them all by a star.</param>
internal readonly record struct CronField(ulong Numbers, bool IsAny)
{
    /// <summary>Whether a number is one of them.</summary>
    public bool Has(int number) => (Numbers & (1UL << number)) != 0;

    /// <summary>Reads a field: <c>*</c>, <c>5</c>, <c>1-5</c>, <c>mon</c>, with steps behind a slash, and lists of such.</summary>
    public static bool TryRead(string text, CronRange range, out CronField field, out string problem)
    {
        field = default;
        problem = "";
        foreach (var expression in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!TryReadOne(expression, range, out var one, out problem))
            {
                return false;
            }

            field = new CronField(field.Numbers | one.Numbers, field.IsAny || one.IsAny);
        }

        return true;
    }

    private static bool TryReadOne(string expression, CronRange range, out CronField field, out string problem)
    {
        field = default;
        var steps = expression.Split('/');
        var ends = steps[0].Split('-');
        var isStar = ends[0] is "*" or "?";
        var (first, last, step) = (range.Least, range.Most, 1);
        if (!isStar && (!range.TryRead(ends[0], out first, out problem) || !range.TryRead(ends.Length > 1 ? ends[1] : ends[0], out last, out problem)))
        {
            return false;
        }

        if (steps.Length == 2)
        {
            if (!CronRange.TryNumber(steps[1], out step, out problem))
            {
                return false;
            }

            // From a single number on, to the end.
            last = ends.Length == 1 ? range.Most : last;
        }

        problem = ends.Length > 2 && !isStar ? $"too many hyphens: {expression}"
            : steps.Length > 2 ? $"too many slashes: {expression}"
            : first < range.Least ? $"beginning of range ({first}) below minimum ({range.Least}): {expression}"
            : last > range.Most ? $"end of range ({last}) above maximum ({range.Most}): {expression}"
            : first > last ? $"beginning of range ({first}) beyond end of range ({last}): {expression}"
            : step == 0 ? $"step of range should be a positive number: {expression}"
            : "";
        if (problem.Length > 0)
        {
            return false;
        }

        var numbers = 0UL;
        for (var number = (long)first; number <= last; number += step)
        {
            numbers |= 1UL << (int)number;
        }

        field = new CronField(numbers, isStar && step == 1);
        return true;
    }
}

/// <summary>What a field of a schedule may hold.</summary>
/// <param name="Least">The least number.</param>
/// <param name="Most">The greatest number.</param>
/// <param name="Names">Other names of the numbers from the least on.</param>
internal sealed record CronRange(int Least, int Most, string[] Names)
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
        problem = !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
            ? $"failed to parse int from {text}: strconv.Atoi: parsing \"{text}\": invalid syntax"
            : number < 0 ? $"negative number ({number}) not allowed: {text}" : "";
        return problem.Length == 0;
    }
}
