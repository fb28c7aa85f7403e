using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>One field of a struct; immutable.</summary>
public sealed class Field
{
    /// <summary>A field of the given name and type; the rest is set by initializers.</summary>
    public Field(string name, SchemaType type)
    {
        Name = name;
        Type = type;
        Utf8Name = Encoding.UTF8.GetBytes(name);
        EncodedName = JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
    }

    /// <summary>The name in JSON; of an inlined struct, its type's name.</summary>
    public string Name { get; }

    /// <summary>The name in UTF-8.</summary>
    public ReadOnlyMemory<byte> Utf8Name { get; }

    /// <summary>The type of the value.</summary>
    public SchemaType Type { get; }

    /// <summary>The field's number in protobuf; 0 when it has none.</summary>
    public int Number { get; init; }

    /// <summary>Whether the fields of the (struct) value stand in the JSON object of the struct around it. Protobuf nests them.</summary>
    public bool IsInline { get; init; }

    /// <summary>Whether absence is told from the empty value: a Go pointer.</summary>
    public bool IsPointer { get; init; }

    /// <summary>Whether API documents call the field required.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether Go writes the field into JSON even if it is empty.</summary>
    public bool IsAlwaysWritten { get; init; }

    /// <summary>Whether an explicit null is allowed and kept.</summary>
    public bool IsNullable { get; init; }

    /// <summary>Whether the field says which other field of a union is meant.</summary>
    public bool IsDiscriminator { get; init; }

    /// <summary>The declared default as JSON text, or null. Only some of Kubernetes' defaults are declared.</summary>
    public string? DefaultJson { get; init; }

    /// <summary>What a strategic merge patch does with the field.</summary>
    public PatchStrategy PatchStrategy { get; init; }

    /// <summary>The field by which a strategic merge patch tells items of the list apart, or null.</summary>
    public string? PatchMergeKey { get; init; }

    internal JsonEncodedText EncodedName { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Type}";
}
