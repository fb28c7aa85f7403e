using System.Globalization;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Checks a value against a schema. What was wrong before and did not change is not held against a write (ratcheting): definitions may
/// become stricter than the objects that are there.
/// </summary>
internal sealed class SchemaValidator
{
    private readonly List<FieldError> _errors = [];

    /// <summary>Checks a whole custom resource.</summary>
    /// <param name="value">The resource.</param>
    /// <param name="stored">The resource as it is stored, or null.</param>
    /// <param name="schema">The schema.</param>
    public static IReadOnlyList<FieldError> Check(JsonNode? value, JsonNode? stored, CustomSchema schema)
    {
        var run = new SchemaValidator();
        run.Node("", value, stored, schema);
        return run._errors;
    }

    private static List<FieldError> Check(string path, JsonNode? value, JsonNode? stored, CustomSchema schema)
    {
        var run = new SchemaValidator();
        run.Node(path, value, stored, schema);
        return run._errors;
    }

    private void Node(string path, JsonNode? value, JsonNode? stored, CustomSchema schema)
    {
        var before = _errors.Count;
        Type(path, value, schema);
        if (schema.Values.HasCompositions)
        {
            Compositions(path, value, stored, schema.Values);
        }

        switch (value)
        {
            case JsonObject fields:
                Object(path, fields, stored as JsonObject, schema);
                break;
            case JsonArray items:
                List(path, items, stored as JsonArray, schema);
                break;
            case not null:
                Scalar(path, value, schema);
                break;
        }

        if (value is not null && schema.Values.Enum is { } allowed && !allowed.Any(other => JsonValues.AreEqual(other, value)))
        {
            var shown = allowed.Select(v => $"\"{(v is JsonValue text && text.TryGetValue<string>(out var s) ? s : JsonValues.Show(v))}\"");
            var detail = $"Unsupported value: {JsonValues.Show(value)}: supported values: {string.Join(", ", shown)}";
            Add(path, "FieldValueNotSupported", detail);
        }

        if (_errors.Count > before && stored is not null && JsonValues.AreEqual(value, stored))
        {
            _errors.RemoveRange(before, _errors.Count - before);
        }
    }

    private void Type(string path, JsonNode? value, CustomSchema schema)
    {
        var found = JsonValues.TypeOf(value);
        var isRight = found switch
        {
            "null" => schema.IsNullable || (schema.Type.Length == 0 && !schema.IsIntOrString),
            _ when schema.IsIntOrString => found is "integer" or "string",
            "integer" => schema.Type is "" or "integer" or "number",
            _ => schema.Type.Length == 0 || schema.Type == found,
        };
        if (!isRight)
        {
            var wanted = schema.IsIntOrString ? "integer,string" : schema.Type;
            Add(path, "FieldValueTypeInvalid", $"Invalid value: \"{found}\": {In(path)} must be of type {wanted}: \"{found}\"");
        }
    }

    private void Scalar(string path, JsonNode value, CustomSchema schema)
    {
        switch (JsonValues.TypeOf(value))
        {
            case "string":
                Text(path, value, value.GetValue<string>(), schema);
                break;
            case "integer" or "number":
                Number(path, value, schema);
                break;
        }
    }

    private void Text(string path, JsonNode value, string text, CustomSchema schema)
    {
        var rules = schema.Values;
        var length = rules.MaxLength is null && rules.MinLength is null ? 0 : Runes(text);
        if (rules.MaxLength is { } most && length > most)
        {
            Add(path, "FieldValueTooLong", $"Too long: may not be more than {most} byte{(most == 1 ? "" : "s")}");
        }

        if (rules.MinLength is { } least && length < least)
        {
            Invalid(path, value, $"should be at least {least} chars long");
        }

        if (!rules.FitsPattern(text))
        {
            Invalid(path, value, $"should match '{rules.Pattern}'");
        }

        if (!SchemaFormats.Fits(schema.Format, text))
        {
            var shown = JsonValues.Show(value);
            Add(path, "FieldValueTypeInvalid", $"Invalid value: {shown}: {In(path)} must be of type {schema.Format}: {shown}");
        }
    }

    private void Number(string path, JsonNode value, CustomSchema schema)
    {
        var rules = schema.Values;
        var number = JsonValues.Number(value);
        if (rules.Maximum is { } most && (rules.IsMaximumExclusive ? number >= most : number > most))
        {
            Invalid(path, value, $"should be less than {(rules.IsMaximumExclusive ? "" : "or equal to ")}{Show(most)}");
        }

        if (rules.Minimum is { } least && (rules.IsMinimumExclusive ? number <= least : number < least))
        {
            Invalid(path, value, $"should be greater than {(rules.IsMinimumExclusive ? "" : "or equal to ")}{Show(least)}");
        }

        if (rules.MultipleOf is > 0 and { } factor && !IsMultiple(number, factor))
        {
            Invalid(path, value, $"should be a multiple of {Show(factor)}");
        }

        if (!SchemaFormats.FitsNumber(schema.Format, number))
        {
            Add(path, "FieldValueTypeInvalid", $"Invalid value: {JsonValues.Show(value)}: {In(path)} must be of type {schema.Format}");
        }
    }

    private void List(string path, JsonArray items, JsonArray? stored, CustomSchema schema)
    {
        var rules = schema.Values;
        if (rules.MaxItems is { } most && items.Count > most)
        {
            Add(path, "FieldValueTooMany", $"Too many: {items.Count}: must have at most {most} item{(most == 1 ? "" : "s")}");
        }

        if (rules.MinItems is { } least && items.Count < least)
        {
            Add(path, "FieldValueInvalid", $"Invalid value: {items.Count}: {In(path)} should have at least {least} items");
        }

        if (schema.Items is not { } item)
        {
            return;
        }

        for (var i = 0; i < items.Count; i++)
        {
            var old = schema.ListType == "map" ? ListKeyChecks.FindByKeys(stored, items[i], schema) : null;
            Node($"{path}[{i}]", items[i], old, item);
        }
    }

    private void Object(string path, JsonObject fields, JsonObject? stored, CustomSchema schema)
    {
        var rules = schema.Values;
        if (rules.MinProperties is { } least && fields.Count < least)
        {
            Add(path, "FieldValueInvalid", $"Invalid value: {fields.Count}: {In(path)} should have at least {least} properties");
        }

        if (rules.MaxProperties is { } most && fields.Count > most)
        {
            Add(path, "FieldValueInvalid", $"Invalid value: {fields.Count}: {In(path)} should have at most {most} properties");
        }

        foreach (var name in rules.Required)
        {
            if (!fields.ContainsKey(name))
            {
                Add(Below(path, name), "FieldValueRequired", "Required value");
            }
        }

        if (schema.IsEmbeddedResource)
        {
            EmbeddedResource(path, fields);
        }

        foreach (var (name, value) in fields)
        {
            if (schema.OfField(name) is { } field)
            {
                Node(Below(path, name), value, stored?[name], field);
            }
        }
    }

    private void EmbeddedResource(string path, JsonObject fields)
    {
        foreach (var name in new[] { "apiVersion", "kind" })
        {
            if (fields.Text(name).Length == 0)
            {
                Add(Below(path, name), "FieldValueRequired", "Required value: must not be empty");
            }
        }
    }

    private void Compositions(string path, JsonNode? value, JsonNode? stored, ValueRules rules)
    {
        if (rules.AnyOf.Count > 0)
        {
            var (valid, best) = Try(rules.AnyOf, path, value, stored);
            if (valid == 0)
            {
                Composition($"\"{path}\" must validate at least one schema (anyOf)");
                _errors.AddRange(best);
            }
        }

        if (rules.OneOf.Count > 0)
        {
            var (valid, best) = Try(rules.OneOf, path, value, stored);
            if (valid != 1)
            {
                var found = valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives";
                Composition($"\"{path}\" must validate one and only one schema (oneOf). {found}");
                _errors.AddRange(valid == 0 ? best : []);
            }
        }

        if (rules.AllOf.Count > 0)
        {
            var results = rules.AllOf.Select(schema => Check(path, value, stored, schema)).ToArray();
            _errors.AddRange(results.SelectMany(result => result));
            if (results.Any(result => result.Count > 0))
            {
                Composition($"\"{path}\" must validate all the schemas (allOf){(results.All(r => r.Count > 0) ? ". None validated" : "")}");
            }
        }

        if (rules.Not is { } not && Check(path, value, null, not).Count == 0)
        {
            Composition($"\"{path}\" must not validate the schema (not)");
        }
    }

    /// <summary>How many alternatives hold, and what the one that comes closest has against the value.</summary>
    private static (int Valid, IReadOnlyList<FieldError> Best) Try(
        IReadOnlyList<CustomSchema> alternatives, string path, JsonNode? value, JsonNode? stored)
    {
        var valid = 0;
        IReadOnlyList<FieldError>? best = null;
        foreach (var alternative in alternatives)
        {
            var errors = Check(path, value, stored, alternative);
            valid += errors.Count == 0 ? 1 : 0;
            best = best is null || errors.Count < best.Count ? errors : best;
        }

        return (valid, best ?? []);
    }

    private void Composition(string message) => Add("<nil>", "FieldValueInvalid", $"Invalid value: \"\": {message}");

    private void Invalid(string path, JsonNode value, string what) =>
        Add(path, "FieldValueInvalid", $"Invalid value: {JsonValues.Show(value)}: {In(path)} {what}");

    private void Add(string path, string reason, string detail) =>
        _errors.Add(new FieldError(path.Length == 0 ? "<nil>" : path, reason, detail));

    private static string In(string path) => $"{path} in body";

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static string Show(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private static bool IsMultiple(double number, double factor)
    {
        var times = number / factor;
        return Math.Abs(times - Math.Round(times)) < 1e-9;
    }

    private static int Runes(string text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
        {
            count++;
        }

        return count;
    }
}
