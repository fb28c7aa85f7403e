using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Extensions;

/// <summary>What may be wrong with a definition, beside its schemas.</summary>
internal static class DefinitionChecks
{
    private const int MaxSelectableFields = 8;

    private static readonly string[] _columnTypes = ["boolean", "date", "integer", "number", "string"];

    private static readonly string[] _columnFormats =
        ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static void Check(JsonObject definition, JsonObject? stored, List<FieldError> errors)
    {
        var spec = definition.Part("spec")!;
        var names = spec.Part("names")!;
        var wanted = $"{names.Text("plural")}.{spec.Text("group")}";
        if (stored is null && definition.Name() != wanted)
        {
            errors.Add(FieldError.Invalid("metadata.name", definition.Name(), "must be spec.names.plural+\".\"+spec.group"));
        }

        CheckGroup(spec, errors);
        CheckScope(spec, errors);
        CheckVersions(spec, errors);
        CheckNames(names, errors);
        CheckConversion(spec, errors);
        if (spec["preserveUnknownFields"]?.GetValue<bool>() == true)
        {
            errors.Add(new FieldError(
                "spec.preserveUnknownFields",
                "FieldValueInvalid",
                "Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema "
                + "instead"));
        }

        CheckStoredVersions(definition, errors);
        if (stored is not null)
        {
            CheckImmutable(spec, stored, errors);
        }
    }

    private static void CheckGroup(JsonObject spec, List<FieldError> errors)
    {
        var group = spec.Text("group");
        if (group.Length == 0)
        {
            errors.Add(FieldError.Required("spec.group"));
        }
        else if (NameRules.Dns1123Subdomain(group) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid("spec.group", group, string.Join(",", faults)));
        }
        else if (!group.Contains('.', StringComparison.Ordinal))
        {
            errors.Add(FieldError.Invalid("spec.group", group, "should be a domain with at least one dot"));
        }
    }

    private static void CheckScope(JsonObject spec, List<FieldError> errors)
    {
        switch (spec.Text("scope"))
        {
            case "":
                errors.Add(FieldError.Required("spec.scope"));
                break;
            case not ("Cluster" or "Namespaced"):
                errors.Add(FieldError.NotSupported("spec.scope", spec.Text("scope"), ["Cluster", "Namespaced"]));
                break;
        }
    }

    private static void CheckVersions(JsonObject spec, List<FieldError> errors)
    {
        var versions = spec.Items("versions").OfType<JsonObject>().ToArray();
        for (var i = 0; i < versions.Length; i++)
        {
            CheckVersion(versions[i], $"spec.versions[{i}]", errors);
        }

        var shown = JsonValues.Show(spec["versions"]);
        if (versions.DistinctBy(version => version.Text("name")).Count() != versions.Length)
        {
            errors.Add(new FieldError("spec.versions", "FieldValueInvalid", $"Invalid value: {shown}: must contain unique version names"));
        }

        if (versions.Count(version => version["storage"]?.GetValue<bool>() == true) != 1)
        {
            errors.Add(new FieldError(
                "spec.versions", "FieldValueInvalid", $"Invalid value: {shown}: must have exactly one version marked as storage version"));
        }
    }

    private static void CheckVersion(JsonObject version, string path, List<FieldError> errors)
    {
        if (NameRules.Dns1035Label(version.Text("name")) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid($"{path}.name", version.Text("name"), string.Join(",", faults)));
        }

        if (version.Part("schema").Part("openAPIV3Schema") is not { } schema)
        {
            errors.Add(FieldError.Required($"{path}.schema.openAPIV3Schema"));
            schema = [];
        }
        else
        {
            var hasStatus = version.Part("subresources").Part("status") is not null;
            StructuralChecks.CheckRoot(schema, $"{path}.schema.openAPIV3Schema", hasStatus, errors);
        }

        CheckDeprecation(version, path, errors);
        CheckScale(version.Part("subresources").Part("scale"), $"{path}.subresources.scale", errors);
        var columns = version.Items("additionalPrinterColumns").OfType<JsonObject>().ToArray();
        for (var i = 0; i < columns.Length; i++)
        {
            CheckColumn(columns[i], $"{path}.additionalPrinterColumns[{i}]", errors);
        }

        CheckSelectableFields(version, schema, $"{path}.selectableFields", errors);
    }

    private static void CheckDeprecation(JsonObject version, string path, List<FieldError> errors)
    {
        if (version["deprecationWarning"] is not JsonValue value)
        {
            return;
        }

        var text = value.GetValue<string>();
        var fault = version["deprecated"]?.GetValue<bool>() != true ? "can only be set for deprecated versions"
            : text.Length > 256 ? "must be <= 256 characters long"
            : text.Length == 0 ? "must not be an empty string"
            : text.Any(char.IsControl) ? "must only contain printable UTF-8 characters"
            : null;
        if (fault is not null)
        {
            errors.Add(FieldError.Invalid($"{path}.deprecationWarning", text, fault));
        }
    }

    private static void CheckScale(JsonObject? scale, string path, List<FieldError> errors)
    {
        if (scale is null)
        {
            return;
        }

        CheckScalePath(scale, path, "specReplicasPath", ".spec", isRequired: true, errors);
        CheckScalePath(scale, path, "statusReplicasPath", ".status", isRequired: true, errors);
        CheckScalePath(scale, path, "labelSelectorPath", ".spec or .status", isRequired: false, errors);
    }

    private static void CheckScalePath(
        JsonObject scale, string path, string field, string roots, bool isRequired, List<FieldError> errors)
    {
        var text = scale.Text(field);
        if (text.Length == 0)
        {
            if (isRequired)
            {
                errors.Add(FieldError.Required($"{path}.{field}"));
            }

            return;
        }

        if (!TryParse(text, out var parsed) || parsed.Names is null)
        {
            errors.Add(FieldError.Invalid($"{path}.{field}", text, "should be a json path"));
        }
        else if (!roots.Split(" or ").Any(root => text.StartsWith(root + ".", StringComparison.Ordinal)))
        {
            errors.Add(FieldError.Invalid($"{path}.{field}", text, $"should be a json path under {roots}"));
        }
    }

    private static void CheckColumn(JsonObject column, string path, List<FieldError> errors)
    {
        if (column.Text("name").Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.name"));
        }

        var type = column.Text("type");
        if (type.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.type", $"must be one of {string.Join(',', _columnTypes)}"));
        }
        else if (!_columnTypes.Contains(type))
        {
            errors.Add(FieldError.Invalid($"{path}.type", type, $"must be one of {string.Join(',', _columnTypes)}"));
        }

        var format = column.Text("format");
        if (format.Length > 0 && !_columnFormats.Contains(format))
        {
            errors.Add(FieldError.Invalid($"{path}.format", format, $"must be one of {string.Join(',', _columnFormats)}"));
        }

        var text = column.Text("jsonPath");
        if (text.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.jsonPath"));
        }
        else if (!TryParse(text, out _))
        {
            errors.Add(FieldError.Invalid($"{path}.jsonPath", text, "is an invalid jsonpath"));
        }
    }

    private static void CheckSelectableFields(JsonObject version, JsonObject schema, string path, List<FieldError> errors)
    {
        var fields = version.Items("selectableFields").OfType<JsonObject>().Select(field => field.Text("jsonPath")).ToArray();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < fields.Length; i++)
        {
            var at = $"{path}[{i}].jsonPath";
            if (fields[i].Length == 0)
            {
                errors.Add(FieldError.Required(at));
            }
            else if (!TryParse(fields[i], out var parsed) || parsed.Names is not { } names)
            {
                errors.Add(FieldError.Invalid(at, fields[i], "is an invalid path: only fields of objects can be named"));
            }
            else if (names[0] == "metadata")
            {
                errors.Add(FieldError.Invalid(at, fields[i], "must not point to fields in metadata"));
            }
            else if (SchemaAt(schema, names).Text("type") is not ("string" or "boolean" or "integer"))
            {
                errors.Add(FieldError.Invalid(
                    at,
                    fields[i],
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."));
            }
            else if (!seen.Add(fields[i]))
            {
                errors.Add(new FieldError(at, "FieldValueDuplicate", $"Duplicate value: \"{fields[i]}\""));
            }
        }

        if (seen.Count > MaxSelectableFields)
        {
            errors.Add(new FieldError(path, "FieldValueTooMany", $"Too many: {seen.Count}: must have at most {MaxSelectableFields} items"));
        }
    }

    private static JsonObject? SchemaAt(JsonObject schema, IReadOnlyList<string> names) =>
        names.Aggregate((JsonObject?)schema, (found, name) => found.Part("properties").Part(name));

    private static void CheckNames(JsonObject names, List<FieldError> errors)
    {
        foreach (var field in new[] { "plural", "singular", "kind", "listKind" })
        {
            var name = names.Text(field);
            var isKind = field is "kind" or "listKind";
#pragma warning disable CA1308 // Names are compared in lower case.
            if (name.Length == 0)
            {
                errors.Add(FieldError.Required($"spec.names.{field}"));
            }
            else if (NameRules.Dns1035Label(isKind ? name.ToLowerInvariant() : name) is { Count: > 0 } faults)
            {
                var words = (isKind ? "may have mixed case, but should otherwise match: " : "") + string.Join(",", faults);
                errors.Add(FieldError.Invalid($"spec.names.{field}", name, words));
            }
#pragma warning restore CA1308
        }

        if (names.Text("kind") is { Length: > 0 } kind && kind == names.Text("listKind"))
        {
            errors.Add(FieldError.Invalid("spec.names.listKind", kind, "kind and listKind may not be the same"));
        }

        foreach (var field in new[] { "shortNames", "categories" })
        {
            var i = 0;
            foreach (var name in names.Items(field).Select(name => name!.GetValue<string>()))
            {
                if (NameRules.Dns1035Label(name) is { Count: > 0 } faults)
                {
                    errors.Add(FieldError.Invalid($"spec.names.{field}[{i}]", name, string.Join(",", faults)));
                }

                i++;
            }
        }
    }

    private static void CheckConversion(JsonObject spec, List<FieldError> errors)
    {
        var strategy = spec.Part("conversion").Text("strategy");
        if (strategy == "Webhook")
        {
            errors.Add(FieldError.Invalid(
                "spec.conversion.strategy", strategy, "this server does not call conversion webhooks yet; only None is supported"));
        }
        else if (strategy != "None")
        {
            errors.Add(strategy.Length == 0
                ? FieldError.Required("spec.conversion.strategy")
                : FieldError.NotSupported("spec.conversion.strategy", strategy, ["None", "Webhook"]));
        }
        else if (spec.Part("conversion").Part("webhook") is not null)
        {
            errors.Add(FieldError.Forbidden("spec.conversion.webhook", "should not be set when strategy is not set to Webhook"));
        }
    }

    private static void CheckStoredVersions(JsonObject definition, List<FieldError> errors)
    {
        var known = definition.Part("spec").Items("versions").OfType<JsonObject>().Select(version => version.Text("name"))
            .ToHashSet(StringComparer.Ordinal);
        var i = 0;
        foreach (var name in definition.Part("status").Items("storedVersions").Select(v => v!.GetValue<string>()))
        {
            if (!known.Contains(name))
            {
                errors.Add(FieldError.Invalid(
                    $"status.storedVersions[{i}]",
                    name,
                    $"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a "
                    + $"storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"));
            }

            i++;
        }
    }

    private static void CheckImmutable(JsonObject spec, JsonObject stored, List<FieldError> errors)
    {
        var before = stored.Part("spec")!;
        var (names, oldNames) = (spec.Part("names")!, before.Part("names")!);
        if (Conditions.IsTrue(stored.Part("status"), "Established"))
        {
            Same("spec.scope", spec.Text("scope"), before.Text("scope"));
            Same("spec.names.kind", names.Text("kind"), oldNames.Text("kind"));
        }

        Same("spec.group", spec.Text("group"), before.Text("group"));
        Same("spec.names.plural", names.Text("plural"), oldNames.Text("plural"));

        void Same(string path, string now, string then)
        {
            if (now != then)
            {
                errors.Add(FieldError.Invalid(path, now, "field is immutable"));
            }
        }
    }

    private static bool TryParse(string text, out FieldPath path)
    {
        try
        {
            path = FieldPath.Parse(text);
            return true;
        }
        catch (FormatException)
        {
            path = null!;
            return false;
        }
    }
}
