using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes;

/// <summary>A selector over labels: requirements that all must be met. Immutable.</summary>
public sealed class LabelSelector
{
    private readonly LabelRequirement[] _requirements;

    private LabelSelector(bool isNothing, LabelRequirement[] requirements)
    {
        IsNothing = isNothing;
        _requirements = requirements;
    }

    /// <summary>Selects everything.</summary>
    public static LabelSelector Everything { get; } = new(isNothing: false, []);

    /// <summary>Selects nothing.</summary>
    public static LabelSelector Nothing { get; } = new(isNothing: true, []);

    /// <summary>Whether nothing is selected.</summary>
    public bool IsNothing { get; }

    /// <summary>Whether everything is selected.</summary>
    public bool IsEverything => !IsNothing && _requirements.Length == 0;

    /// <summary>The requirements, in the order of their keys.</summary>
    public IReadOnlyList<LabelRequirement> Requirements => _requirements;

    /// <summary>
    /// Reads the notation of query strings: <c>a=b,c==d,e!=f,g in (h,i),j notin (k),l,!m,n&gt;1</c>. An empty text selects everything.
    /// </summary>
    /// <exception cref="SelectorException">The text cannot be understood.</exception>
    public static LabelSelector Parse(string text) => Of(new LabelSelectorParser(text).Parse());

    /// <summary>Reads a LabelSelector object. None selects nothing, an empty one everything.</summary>
    /// <exception cref="SelectorException">It has a wrong key, operator or value, or is of the wrong form.</exception>
    public static LabelSelector FromObject(JsonObject? selector)
    {
        if (selector is null)
        {
            return Nothing;
        }

        try
        {
            var requirements = (selector["matchLabels"]?.AsObject() ?? [])
                .Select(l => LabelRequirement.Create(l.Key, LabelOperator.In, [l.Value!.GetValue<string>()]));
            var expressions = (selector["matchExpressions"]?.AsArray() ?? []).Select(e => FromExpression(e!.AsObject()));
            return Of([.. requirements, .. expressions]);
        }
        catch (Exception fault) when (fault is InvalidOperationException or NullReferenceException or FormatException)
        {
            throw new SelectorException("the label selector is malformed: matchLabels holds strings, matchExpressions objects");
        }
    }

    /// <summary>A selector of exactly these labels, which are not checked further than their keys and values.</summary>
    /// <exception cref="SelectorException">A key or value is wrong.</exception>
    public static LabelSelector FromLabels(IEnumerable<KeyValuePair<string, string>> labels) =>
        Of([.. labels.Select(l => LabelRequirement.Create(l.Key, LabelOperator.In, [l.Value]))]);

    /// <summary>Whether an object with these labels is selected.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels.GetValueOrDefault(requirement.Key)))
            {
                return false;
            }
        }

        return !IsNothing;
    }

    /// <summary>Whether an object is selected, by its <c>metadata.labels</c> (null if it has none).</summary>
    public bool Matches(JsonObject? labels)
    {
        foreach (var requirement in _requirements)
        {
            var value = labels?[requirement.Key] is JsonValue node && node.TryGetValue<string>(out var text) ? text : null;
            if (!requirement.Matches(value))
            {
                return false;
            }
        }

        return !IsNothing;
    }

    /// <summary>The selector in the notation of query strings, its requirements in the order of their keys.</summary>
    public override string ToString() => string.Join(',', _requirements.Select(r => r.ToString()));

    private static LabelSelector Of(IEnumerable<LabelRequirement> requirements) =>
        requirements.OrderBy(r => r.Key, StringComparer.Ordinal).ToArray() is { Length: > 0 } sorted
            ? new LabelSelector(isNothing: false, sorted)
            : Everything;

    private static LabelRequirement FromExpression(JsonObject expression)
    {
        var key = expression["key"]?.GetValue<string>() ?? "";
        var values = (expression["values"]?.AsArray() ?? []).Select(v => v!.GetValue<string>());
        var name = expression["operator"]?.GetValue<string>() ?? "";
        return LabelRequirement.Create(key, name switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            "DoesNotExist" => LabelOperator.DoesNotExist,
            _ => throw new SelectorException($"\"{name}\" is not a valid label selector operator"),
        }, values);
    }
}
