using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Extensions;

/// <summary>Whether what a schema says about lists and maps makes sense: how items are told apart, and by which keys.</summary>
internal static class ListSchemaChecks
{
    private const string ListType = "x-kubernetes-list-type";
    private const string ListKeys = "x-kubernetes-list-map-keys";
    private const string MapType = "x-kubernetes-map-type";

    public static void Check(JsonObject schema, string path, List<FieldError> errors)
    {
        CheckTypeFor(schema, path, MapType, "object", errors);
        CheckTypeFor(schema, path, ListType, "array", errors);
        if (schema.Text(MapType) is var map && map is not ("" or "atomic" or "granular"))
        {
            errors.Add(FieldError.NotSupported($"{path}.{MapType}", map, ["atomic", "granular"]));
        }

        var list = schema.Text(ListType);
        if (list is not ("" or "atomic" or "set" or "map"))
        {
            errors.Add(FieldError.NotSupported($"{path}.{ListType}", list, ["atomic", "set", "map"]));
        }

        if (list == "set")
        {
            CheckSet(schema, path, errors);
        }

        if (list != "map" && schema.Items(ListKeys).Any())
        {
            const string Must = $"must be map if {ListKeys} is non-empty";
            errors.Add(list.Length == 0
                ? FieldError.Required($"{path}.{ListType}", Must)
                : FieldError.Invalid($"{path}.{ListType}", list, Must));
        }

        if (list == "map")
        {
            CheckMap(schema, path, errors);
        }
    }

    private static void CheckTypeFor(JsonObject schema, string path, string extension, string wanted, List<FieldError> errors)
    {
        var type = schema.Text("type");
        if (schema.Text(extension).Length > 0 && type != wanted)
        {
            var must = $"must be {wanted} if {extension} is specified";
            errors.Add(type.Length == 0 ? FieldError.Required($"{path}.type", must) : FieldError.Invalid($"{path}.type", type, must));
        }
    }

    private static void CheckSet(JsonObject schema, string path, List<FieldError> errors)
    {
        var item = schema.Part("items");
        var field = item.Text("type") switch { "array" => ListType, "object" => MapType, _ => "" };
        if (field.Length > 0 && item.Text(field) is var found && found != "atomic" && !(field == ListType && found.Length == 0))
        {
            errors.Add(FieldError.Invalid(
                $"{path}.items.{field}", found, $"must be atomic as item of a list with {ListType}=set"));
        }

        CheckNotNullable(item, path, "set", errors);
    }

    private static void CheckMap(JsonObject schema, string path, List<FieldError> errors)
    {
        var keys = schema.Items(ListKeys).Select(key => key!.GetValue<string>()).ToArray();
        var shown = JsonValues.Show(schema[ListKeys]);
        if (keys.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.{ListKeys}", $"must not be empty if {ListType} is map"));
        }

        if (schema.Part("items") is not { } item)
        {
            errors.Add(FieldError.Required($"{path}.items", $"must have a schema if {ListType} is map"));
            return;
        }

        if (item.Text("type") is var type && type != "object")
        {
            errors.Add(FieldError.Invalid($"{path}.items.type", type, $"must be object if parent array's {ListType} is map"));
        }

        foreach (var key in keys)
        {
            if (item.Part("properties").Part(key) is not { } property)
            {
                errors.Add(new FieldError(
                    $"{path}.{ListKeys}", "FieldValueInvalid", $"Invalid value: {shown}: entries must all be names of item properties"));
            }
            else if (property.Text("type") is "array" or "object")
            {
                errors.Add(FieldError.Invalid(
                    $"{path}.items.properties[{key}].type",
                    property.Text("type"),
                    $"must be a scalar type if parent array's {ListType} is map"));
            }
            else if (property["default"] is null && !item.Items("required").Any(name => name!.GetValue<string>() == key))
            {
                errors.Add(FieldError.Required(
                    $"{path}.items.properties[{key}].default",
                    $"this property is in {ListKeys}, so it must have a default or be a required property"));
            }
        }

        if (keys.Distinct(StringComparer.Ordinal).Count() != keys.Length)
        {
            var detail = $"Invalid value: {shown}: must not contain duplicate entries";
            errors.Add(new FieldError($"{path}.{ListKeys}", "FieldValueInvalid", detail));
        }

        CheckNotNullable(item, path, "map", errors);
    }

    private static void CheckNotNullable(JsonObject? item, string path, string list, List<FieldError> errors)
    {
        if (item?["nullable"] is JsonValue value && value.GetValue<bool>())
        {
            errors.Add(FieldError.Forbidden($"{path}.items.nullable", $"cannot be nullable when {ListType} is {list}"));
        }
    }
}
