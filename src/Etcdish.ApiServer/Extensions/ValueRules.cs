using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>What a schema asks of values beyond their type.</summary>
internal sealed class ValueRules
{
    /// <summary>Bounds the time that a pattern takes. Patterns do not backtrack, so only very long texts come near it.</summary>
    private static readonly TimeSpan _patternLimit = TimeSpan.FromSeconds(1);

    private readonly Regex? _pattern;

    public ValueRules(JsonObject source)
    {
        Minimum = Double(source, "minimum");
        Maximum = Double(source, "maximum");
        IsMinimumExclusive = Flag(source, "exclusiveMinimum");
        IsMaximumExclusive = Flag(source, "exclusiveMaximum");
        MultipleOf = Double(source, "multipleOf");
        MinLength = source.Number("minLength");
        MaxLength = source.Number("maxLength");
        MinItems = source.Number("minItems");
        MaxItems = source.Number("maxItems");
        MinProperties = source.Number("minProperties");
        MaxProperties = source.Number("maxProperties");
        Pattern = source.Text("pattern");
        _pattern = Pattern.Length > 0 ? Compile(Pattern) : null;
        Required = [.. source.Items("required").Select(name => name!.GetValue<string>())];
        Enum = source["enum"] is JsonArray values ? [.. values.Select(value => value?.DeepClone())] : null;
        AllOf = Schemas(source, "allOf");
        AnyOf = Schemas(source, "anyOf");
        OneOf = Schemas(source, "oneOf");
        Not = source.Part("not") is { } not ? CustomSchema.Of(not) : null;
        HasCompositions = AllOf.Count > 0 || AnyOf.Count > 0 || OneOf.Count > 0 || Not is not null;
    }

    public double? Minimum { get; }

    public double? Maximum { get; }

    public bool IsMinimumExclusive { get; }

    public bool IsMaximumExclusive { get; }

    public double? MultipleOf { get; }

    public long? MinLength { get; }

    public long? MaxLength { get; }

    public long? MinItems { get; }

    public long? MaxItems { get; }

    public long? MinProperties { get; }

    public long? MaxProperties { get; }

    /// <summary>The pattern that texts match somewhere, as it is written; empty for none.</summary>
    public string Pattern { get; }

    public IReadOnlyList<string> Required { get; }

    /// <summary>The values that are allowed, or null for all.</summary>
    public IReadOnlyList<JsonNode?>? Enum { get; }

    public IReadOnlyList<CustomSchema> AllOf { get; }

    public IReadOnlyList<CustomSchema> AnyOf { get; }

    public IReadOnlyList<CustomSchema> OneOf { get; }

    public CustomSchema? Not { get; }

    public bool HasCompositions { get; }

    /// <summary>Compiles a pattern in Go's syntax, whose engine does not backtrack either.</summary>
    /// <exception cref="ArgumentException">It is no pattern, or one that this engine does not know.</exception>
    public static Regex Compile(string pattern)
    {
        // Go writes named groups and the end of the text differently.
        var text = EndOfText(pattern.Replace("(?P<", "(?<", StringComparison.Ordinal));
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, _patternLimit);
        }
        catch (NotSupportedException)
        {
            // Too large for the engine that does not backtrack; the other one is held by its time.
            return new Regex(text, RegexOptions.CultureInvariant, _patternLimit);
        }
    }

    /// <summary>Whether a text matches the pattern. One that takes too long to tell does not.</summary>
    public bool FitsPattern(string text)
    {
        try
        {
            return _pattern is null || _pattern.IsMatch(text);
        }
        catch (RegexMatchTimeoutException)
        {
            return false;
        }
    }

    /// <summary>A dollar sign means the very end in Go; here it would also match before a last line break.</summary>
    private static string EndOfText(string pattern)
    {
        var result = new System.Text.StringBuilder(pattern.Length + 8);
        var isInClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var next = pattern[i];
            if (next == '\\' && i + 1 < pattern.Length)
            {
                result.Append(next).Append(pattern[++i]);
                continue;
            }

            isInClass = next switch { '[' => true, ']' => false, _ => isInClass };
            result.Append(next == '$' && !isInClass ? @"\z" : next.ToString());
        }

        return result.ToString();
    }

    private static CustomSchema[] Schemas(JsonObject source, string field) =>
        [.. source.Items(field).OfType<JsonObject>().Select(CustomSchema.Of)];

    private static double? Double(JsonObject source, string field) => source[field] is JsonValue value ? JsonValues.Number(value) : null;

    private static bool Flag(JsonObject source, string name) =>
        source[name] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;
}
