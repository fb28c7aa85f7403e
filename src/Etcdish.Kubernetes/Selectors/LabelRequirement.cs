using System.Globalization;

namespace Etcdish.Kubernetes;

/// <summary>One requirement of a label selector.</summary>
public sealed class LabelRequirement
{
    /// <summary>Above this many values they are looked up in a table.</summary>
    private const int LinearLimit = 8;

    private readonly string[] _values;
    private readonly HashSet<string>? _table;
    private readonly long _bound;

    private LabelRequirement(string key, LabelOperator @operator, string[] values)
    {
        Key = key;
        Operator = @operator;
        _values = values;
        _table = values.Length > LinearLimit ? values.ToHashSet(StringComparer.Ordinal) : null;
        _bound = @operator is LabelOperator.GreaterThan or LabelOperator.LessThan ? ReadNumber(values[0])!.Value : 0;
    }

    /// <summary>The label's key.</summary>
    public string Key { get; }

    /// <summary>How it is compared.</summary>
    public LabelOperator Operator { get; }

    /// <summary>What it is compared with, in order and each once.</summary>
    public IReadOnlyList<string> Values => _values;

    /// <summary>A requirement with its key and values checked.</summary>
    /// <exception cref="SelectorException">The key, a value or their number is wrong.</exception>
    public static LabelRequirement Create(string key, LabelOperator @operator, IEnumerable<string> values)
    {
        var distinct = values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToArray();
        CheckKey(key);
        switch (@operator)
        {
            case LabelOperator.In or LabelOperator.NotIn when distinct.Length == 0:
                throw Invalid("values", "[]", "for 'in', 'notin' operators, values set can't be empty");
            case LabelOperator.Exists or LabelOperator.DoesNotExist when distinct.Length > 0:
                throw Invalid("values", Quote(distinct), "values set must be empty for exists and does not exist");
            case LabelOperator.GreaterThan or LabelOperator.LessThan when distinct.Length != 1:
                throw Invalid("values", Quote(distinct), "for 'Gt', 'Lt' operators, exactly one value is required");
            case LabelOperator.GreaterThan or LabelOperator.LessThan when ReadNumber(distinct[0]) is null:
                throw Invalid("values[0]", $"\"{distinct[0]}\"", "for 'Gt', 'Lt' operators, the value must be an integer");
        }

        for (var i = 0; i < distinct.Length; i++)
        {
            var problems = NameRules.LabelValue(distinct[i]);
            if (problems.Count > 0)
            {
                throw Invalid($"values[{i}][{key}]", $"\"{distinct[i]}\"", string.Join("; ", problems));
            }
        }

        return new LabelRequirement(key, @operator, distinct);
    }

    /// <summary>Whether a label of this value, or null if there is none, meets the requirement.</summary>
    public bool Matches(string? value) => Operator switch
    {
        LabelOperator.Exists => value is not null,
        LabelOperator.DoesNotExist => value is null,
        LabelOperator.In => value is not null && Contains(value),
        LabelOperator.NotIn => value is null || !Contains(value),
        LabelOperator.GreaterThan => value is not null && ReadNumber(value) > _bound,
        _ => value is not null && ReadNumber(value) < _bound,
    };

    /// <summary>The requirement in the notation of query strings.</summary>
    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => "!" + Key,
        LabelOperator.In when _values.Length == 1 => $"{Key}={_values[0]}",
        LabelOperator.NotIn when _values.Length == 1 => $"{Key}!={_values[0]}",
        LabelOperator.In => $"{Key} in ({string.Join(',', _values)})",
        LabelOperator.NotIn => $"{Key} notin ({string.Join(',', _values)})",
        LabelOperator.GreaterThan => $"{Key}>{_values[0]}",
        _ => $"{Key}<{_values[0]}",
    };

    internal static void CheckKey(string key)
    {
        var problems = NameRules.QualifiedName(key);
        if (problems.Count > 0)
        {
            throw Invalid("key", $"\"{key}\"", string.Join("; ", problems));
        }
    }

    private static SelectorException Invalid(string field, string value, string problem) =>
        new($"{field}: Invalid value: {value}: {problem}");

    private static string Quote(string[] values) => $"[{string.Join(',', values.Select(v => $"\"{v}\""))}]";

    private bool Contains(string value) => _table?.Contains(value) ?? Array.IndexOf(_values, value) >= 0;

    private static long? ReadNumber(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
