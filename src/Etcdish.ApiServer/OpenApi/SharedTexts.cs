namespace Etcdish.ApiServer.OpenApi;

/// <summary>What the values are that have no struct of their own.</summary>
internal static class SharedTexts
{
    public static string? Of(string schemaName) => schemaName[(schemaName.LastIndexOf('.') + 1)..] switch
    {
        "Quantity" =>
            "An amount: a number with an optional suffix, decimal (n, u, m, k, M, G, T, P, E), binary (Ki, Mi, Gi, Ti, Pi, Ei) or an "
            + "exponent such as e3. 500m is a half, 1Ki is 1024. Kept exactly, and written back in the shortest form of the same kind.",
        "Time" => "A moment in RFC 3339, in whole seconds, such as 2006-01-02T15:04:05Z.",
        "MicroTime" => "A moment in RFC 3339, in microseconds, such as 2006-01-02T15:04:05.000000Z.",
        "Duration" => "A length of time, such as 1h30m or 500ms.",
        "IntOrString" => "A whole number or a string, such as 80 or \"http\", 2 or \"25%\".",
        "RawExtension" => "Any object, kept as it is.",
        "FieldsV1" =>
            "A set of fields as a tree: f:NAME is a field, k:{...} an item of a list by its keys, v:VALUE a member of a set, i:N an "
            + "item by its place, and . the node itself.",
        "JSON" => "Any JSON value.",
        "JSONSchemaPropsOrArray" => "A schema, or a list of schemas.",
        "JSONSchemaPropsOrBool" => "A schema, or true for anything and false for nothing.",
        "JSONSchemaPropsOrStringArray" => "A schema, or a list of names of properties.",
        "Patch" => "A change of an object, in the form that the request's Content-Type names.",
        _ => null,
    };
}
