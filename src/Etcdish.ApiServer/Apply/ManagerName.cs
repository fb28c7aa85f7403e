using System.Globalization;
using System.Text;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Apply;

/// <summary>The names under which writers own fields.</summary>
internal static class ManagerName
{
    /// <summary>Most bytes of a name.</summary>
    private const int MaxBytes = 128;

    /// <summary>What is wrong with a name that a request gives.</summary>
    public static void Check(string name, List<FieldError> errors)
    {
        if (Encoding.UTF8.GetByteCount(name) > MaxBytes)
        {
            errors.Add(FieldError.TooLong("fieldManager", MaxBytes));
        }

        var position = 0;
        foreach (var rune in name.EnumerateRunes())
        {
            if (!IsPrintable(rune))
            {
                errors.Add(FieldError.Invalid("fieldManager", name, $"invalid character U+{rune.Value:X4} (at position {position})"));
            }

            position += rune.Utf8SequenceLength;
        }
    }

    /// <summary>The name of a request that gives none: the program's, from the beginning of its user agent.</summary>
    public static string OfUserAgent(string userAgent)
    {
        var slash = userAgent.IndexOf('/', StringComparison.Ordinal);
        var name = new StringBuilder();
        var size = 0;
        foreach (var rune in userAgent.AsSpan(0, slash < 0 ? userAgent.Length : slash).EnumerateRunes())
        {
            if (IsPrintable(rune) && (size += rune.Utf8SequenceLength) <= MaxBytes)
            {
                name.Append(rune);
            }
        }

        return name.ToString();
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator);
}
