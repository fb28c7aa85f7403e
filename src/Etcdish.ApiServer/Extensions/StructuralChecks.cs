using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>
/// Whether a schema is structural: every node says its type, and what stands under <c>allOf</c>, <c>anyOf</c>, <c>oneOf</c> and
/// <c>not</c> only restricts values. That is what pruning, defaults and ownership of fields rest on.
/// </summary>
internal static class StructuralChecks
{
    private static readonly string[] _forbidden = ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"];

    /// <summary>What a nested schema must not say, and how the error calls its absence.</summary>
    private static readonly (string Field, string Must)[] _notNested =
    [
        ("type", "be empty"), ("additionalProperties", "be undefined"), ("default", "be undefined"), ("title", "be empty"),
        ("description", "be empty"), ("nullable", "be false"), ("x-kubernetes-preserve-unknown-fields", "be false"),
        ("x-kubernetes-embedded-resource", "be false"), ("x-kubernetes-int-or-string", "be false"),
        ("x-kubernetes-list-map-keys", "be empty"),
        ("x-kubernetes-list-type", "be undefined"), ("x-kubernetes-map-type", "be undefined"), ("x-kubernetes-validations", "be empty"),
    ];

    public static void CheckRoot(JsonObject schema, string path, bool hasStatus, List<FieldError> errors)
    {
        var before = errors.Count;
        if (Flag(schema, "nullable"))
        {
            errors.Add(FieldError.Forbidden($"{path}.nullable", "nullable cannot be true at the root"));
        }

        if (schema["additionalProperties"] is not null)
        {
            errors.Add(FieldError.Forbidden($"{path}.additionalProperties", "must not be used at the root"));
        }

        if (hasStatus && schema.Text("type") is not ("object" or ""))
        {
            errors.Add(FieldError.Invalid(
                $"{path}.type",
                schema.Text("type"),
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled"));
        }

        CheckNode(schema, path, "root", errors);
        CheckResourceFields(schema, path, errors);
        if (errors.Count == before)
        {
            DefaultChecks.Check(schema, path, errors);
        }
    }

    private static void CheckNode(JsonObject schema, string path, string level, List<FieldError> errors)
    {
        CheckType(schema, path, level, errors);
        CheckForbidden(schema, path, errors);
        ListSchemaChecks.Check(schema, path, errors);
        CheckExtensions(schema, path, errors);
        CheckValues(schema, path, errors);
        foreach (var (name, property) in schema.Part("properties") ?? [])
        {
            if (property is JsonObject inner)
            {
                CheckNode(inner, $"{path}.properties[{name}]", "object fields", errors);
            }
        }

        if (schema["items"] is JsonArray)
        {
            errors.Add(FieldError.Forbidden($"{path}.items", "items must be a schema object and not an array"));
        }
        else if (schema.Part("items") is { } items)
        {
            CheckNode(items, $"{path}.items", "array items", errors);
        }

        if (schema.Part("additionalProperties") is { } additional)
        {
            CheckNode(additional, $"{path}.additionalProperties", "object fields", errors);
        }
    }

    private static void CheckType(JsonObject schema, string path, string level, List<FieldError> errors)
    {
        var type = schema.Text("type");
        if (type.Length == 0)
        {
            var isFree = Flag(schema, "x-kubernetes-int-or-string") || Flag(schema, "x-kubernetes-preserve-unknown-fields");
            if (level == "root" || !isFree)
            {
                errors.Add(FieldError.Required(
                    $"{path}.type", level == "root" ? "must not be empty at the root" : $"must not be empty for specified {level}"));
            }
        }
        else if (level == "root" && type != "object")
        {
            errors.Add(FieldError.Invalid($"{path}.type", type, "must be object at the root"));
        }
        else if (type is not ("object" or "array" or "string" or "integer" or "number" or "boolean"))
        {
            errors.Add(FieldError.NotSupported($"{path}.type", type, ["array", "boolean", "integer", "number", "object", "string"]));
        }

        if (type == "array" && schema["items"] is null)
        {
            errors.Add(FieldError.Required($"{path}.items", "must be specified"));
        }
    }

    private static void CheckForbidden(JsonObject schema, string path, List<FieldError> errors)
    {
        foreach (var field in _forbidden)
        {
            if (schema[field] is not null)
            {
                errors.Add(FieldError.Forbidden($"{path}.{field}", $"{field} is not supported"));
            }
        }

        if (Flag(schema, "uniqueItems"))
        {
            errors.Add(FieldError.Forbidden(
                $"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
        }

        if (schema.Part("properties") is { Count: > 0 } && schema["additionalProperties"] is not null)
        {
            errors.Add(FieldError.Forbidden(
                $"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"));
        }

        if (schema["additionalProperties"] is JsonValue value && value.TryGetValue<bool>(out var allows) && !allows)
        {
            errors.Add(FieldError.Forbidden($"{path}.additionalProperties", "additionalProperties cannot be set to false"));
        }
    }

    private static void CheckExtensions(JsonObject schema, string path, List<FieldError> errors)
    {
        const string Preserve = "x-kubernetes-preserve-unknown-fields";
        const string Embedded = "x-kubernetes-embedded-resource";
        if (schema[Preserve] is JsonValue preserve && !preserve.GetValue<bool>())
        {
            errors.Add(new FieldError($"{path}.{Preserve}", "FieldValueInvalid", "Invalid value: false: must be true or undefined"));
        }

        if (Flag(schema, "x-kubernetes-int-or-string"))
        {
            foreach (var field in new[] { Preserve, Embedded }.Where(field => Flag(schema, field)))
            {
                errors.Add(new FieldError(
                    $"{path}.{field}", "FieldValueInvalid", "Invalid value: true: must be false if x-kubernetes-int-or-string is true"));
            }
        }

        if (!Flag(schema, Embedded))
        {
            return;
        }

        if (schema.Text("type") is var type && type != "object")
        {
            errors.Add(type.Length == 0
                ? FieldError.Required($"{path}.type", $"must be object if {Embedded} is true")
                : FieldError.Invalid($"{path}.type", type, $"must be object if {Embedded} is true"));
        }

        if (!Flag(schema, Preserve) && schema.Part("properties") is not { Count: > 0 })
        {
            errors.Add(FieldError.Required($"{path}.properties", $"must not be empty if {Embedded} is true without {Preserve}"));
        }

        CheckResourceFields(schema, path, errors);
    }

    /// <summary>Kind, version and metadata belong to the server.</summary>
    private static void CheckResourceFields(JsonObject schema, string path, List<FieldError> errors)
    {
        var properties = schema.Part("properties");
        foreach (var name in new[] { "kind", "apiVersion" })
        {
            if (properties.Part(name) is { } field && field.Text("type") is var type && type is not ("string" or ""))
            {
                errors.Add(FieldError.Invalid($"{path}.properties[{name}].type", type, "must be string"));
            }
        }

        if (properties.Part("metadata") is not { } metadata)
        {
            return;
        }

        if (metadata.Text("type") is var given && given is not ("object" or ""))
        {
            errors.Add(FieldError.Invalid($"{path}.properties[metadata].type", given, "must be object"));
        }

        var named = metadata.Part("properties")?.Select(p => p.Key) ?? [];
        if (named.Any(name => name is not ("name" or "generateName")) || metadata["additionalProperties"] is not null)
        {
            errors.Add(FieldError.Forbidden(
                $"{path}.properties[metadata]",
                "must not specify anything other than name and generateName, but metadata is implicitly specified"));
        }
    }

    private static void CheckValues(JsonObject schema, string path, List<FieldError> errors)
    {
        if (schema.Text("pattern") is { Length: > 0 } pattern)
        {
            CheckPattern(pattern, path, errors);
        }

        foreach (var field in new[] { "allOf", "anyOf", "oneOf" })
        {
            var nested = schema.Items(field).OfType<JsonObject>().ToArray();
            for (var i = 0; i < nested.Length; i++)
            {
                CheckNested(nested[i], $"{path}.{field}[{i}]", Flag(schema, "x-kubernetes-int-or-string"), errors);
            }
        }

        if (schema.Part("not") is { } not)
        {
            CheckNested(not, $"{path}.not", isIntOrString: false, errors);
        }
    }

    private static void CheckPattern(string pattern, string path, List<FieldError> errors)
    {
        try
        {
            ValueRules.Compile(pattern);
        }
        catch (ArgumentException e)
        {
            errors.Add(FieldError.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {e.Message}"));
        }
    }

    private static void CheckNested(JsonObject schema, string path, bool isIntOrString, List<FieldError> errors)
    {
        foreach (var (field, must) in _notNested)
        {
            // The two types of such a value may be told as alternatives.
            var isToldApart = field == "type" && isIntOrString && schema.Text(field) is "integer" or "string";
            var isSet = schema[field] switch
            {
                null => false,
                JsonValue value when value.TryGetValue<bool>(out var flag) => flag,
                _ => true,
            };
            if (isSet && !isToldApart)
            {
                errors.Add(FieldError.Forbidden($"{path}.{field}", $"must {must} to be structural"));
            }
        }

        if (schema.Part("properties")?.ContainsKey("metadata") == true)
        {
            errors.Add(FieldError.Forbidden($"{path}.properties[metadata]", "must not be specified in a nested context"));
        }

        CheckValues(schema, path, errors);
        foreach (var (name, property) in schema.Part("properties") ?? [])
        {
            if (property is JsonObject inner)
            {
                CheckNested(inner, $"{path}.properties[{name}]", isIntOrString: false, errors);
            }
        }

        if (schema.Part("items") is { } items)
        {
            CheckNested(items, $"{path}.items", isIntOrString: false, errors);
        }
    }

    private static bool Flag(JsonObject schema, string field) =>
        schema[field] is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;
}
