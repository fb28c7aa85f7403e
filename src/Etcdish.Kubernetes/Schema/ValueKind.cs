namespace Etcdish.Kubernetes;

/// <summary>What a value of the object model is: decides its JSON form, its protobuf form and how two owners may share it.</summary>
public enum ValueKind
{
    /// <summary>A string, possibly with known values (<see cref="SchemaType.Enum"/>).</summary>
    String,

    /// <summary>true or false.</summary>
    Bool,

    /// <summary>A whole number of 32 bits.</summary>
    Int32,

    /// <summary>A whole number of 64 bits.</summary>
    Int64,

    /// <summary>A binary64 number.</summary>
    Double,

    /// <summary>Bytes: base64 in JSON.</summary>
    Bytes,

    /// <summary>An amount with a suffix, such as <c>500m</c> (<see cref="Quantity"/>).</summary>
    Quantity,

    /// <summary>A moment in whole seconds, RFC 3339 in JSON.</summary>
    Time,

    /// <summary>A moment in microseconds, RFC 3339 in JSON.</summary>
    MicroTime,

    /// <summary>A length of time, written as <c>1h2m3s</c>.</summary>
    Duration,

    /// <summary>A number of 32 bits or a string, such as a port or a percentage.</summary>
    IntOrString,

    /// <summary>An object with the fields of <see cref="SchemaType.Struct"/>.</summary>
    Struct,

    /// <summary>A list of <see cref="SchemaType.Element"/>.</summary>
    List,

    /// <summary>A list of strings that protobuf wraps in a message of its own.</summary>
    StringList,

    /// <summary>A map from strings to <see cref="SchemaType.Element"/>.</summary>
    Map,

    /// <summary>Any object, embedded as it is (Go's RawExtension).</summary>
    RawExtension,

    /// <summary>A set of field paths in its JSON notation.</summary>
    FieldsV1,

    /// <summary>Any JSON value, carried by protobuf as its text.</summary>
    JsonMessage,

    /// <summary>Any JSON value; has no protobuf form. Also the type of what no schema describes.</summary>
    Json,

    /// <summary>A JSON schema, or a list of them.</summary>
    SchemaOrArray,

    /// <summary>A JSON schema, or true or false.</summary>
    SchemaOrBool,

    /// <summary>A JSON schema, or a list of strings.</summary>
    SchemaOrStrings,
}
