using System.Text;

namespace Etcdish.Kubernetes;

/// <summary>A selector over a few fields that a resource indexes: requirements that all must be met. Immutable.</summary>
public sealed class FieldSelector
{
    private readonly FieldRequirement[] _requirements;

    private FieldSelector(FieldRequirement[] requirements) => _requirements = requirements;

    /// <summary>Selects everything.</summary>
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>The requirements, in the order in which they were given.</summary>
    public IReadOnlyList<FieldRequirement> Requirements => _requirements;

    /// <summary>Whether everything is selected.</summary>
    public bool IsEverything => _requirements.Length == 0;

    /// <summary>Reads <c>a=b,c==d,e!=f</c>; in values, a backslash goes before <c>\</c>, <c>,</c> and <c>=</c>.</summary>
    /// <exception cref="SelectorException">The text cannot be understood.</exception>
    public static FieldSelector Parse(string text)
    {
        var requirements = new List<FieldRequirement>();
        foreach (var term in SplitTerms(text))
        {
            if (term.Length > 0)
            {
                requirements.Add(ParseTerm(text, term));
            }
        }

        return requirements.Count == 0 ? Everything : new FieldSelector([.. requirements]);
    }

    /// <summary>The value a field must have by one of the requirements, or null if none says so.</summary>
    public string? RequiredValue(string field) => Array.Find(_requirements, r => r.IsEqual && r.Field == field)?.Value;

    /// <summary>Whether an object is selected, by what <paramref name="valueOf"/> says of its fields (null counts as empty).</summary>
    public bool Matches(Func<string, string?> valueOf)
    {
        foreach (var requirement in _requirements)
        {
            if (((valueOf(requirement.Field) ?? "") == requirement.Value) != requirement.IsEqual)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The selector in the notation of query strings.</summary>
    public override string ToString() =>
        string.Join(',', _requirements.Select(r => $"{r.Field}{(r.IsEqual ? "=" : "!=")}{Escape(r.Value)}"));

    private static List<string> SplitTerms(string text)
    {
        var terms = new List<string>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        return terms;
    }

    private static FieldRequirement ParseTerm(string text, string term)
    {
        for (var i = 0; i < term.Length; i++)
        {
            if (term.AsSpan(i).StartsWith("!="))
            {
                return new FieldRequirement(term[..i], IsEqual: false, Unescape(term[(i + 2)..]));
            }

            if (term[i] == '=')
            {
                var width = term.AsSpan(i).StartsWith("==") ? 2 : 1;
                return new FieldRequirement(term[..i], IsEqual: true, Unescape(term[(i + width)..]));
            }
        }

        throw new SelectorException($"invalid selector: '{text}'; can't understand '{term}'");
    }

    private static string Unescape(string value)
    {
        if (value.AsSpan().IndexOfAny('\\', ',', '=') < 0)
        {
            return value;
        }

        var result = new StringBuilder(value.Length);
        for (var i = 0; i < value.Length; i++)
        {
            switch (value[i])
            {
                case '\\' when i + 1 < value.Length && value[i + 1] is '\\' or ',' or '=':
                    result.Append(value[++i]);
                    break;
                case '\\':
                    throw new SelectorException(
                        $"invalid field selector: invalid escape sequence: {value.AsSpan(i, Math.Min(2, value.Length - i))}");
                case ',' or '=':
                    throw new SelectorException($"invalid field selector: unescaped character in value: {(int)value[i]}");
                default:
                    result.Append(value[i]);
                    break;
            }
        }

        return result.ToString();
    }

    private static string Escape(string value) => value
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace(",", @"\,", StringComparison.Ordinal)
        .Replace("=", @"\=", StringComparison.Ordinal);
}
