using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.OpenApi;

/// <summary>The schemas of a document: the kinds that are added, and all types that they use, sorted by name.</summary>
internal sealed class SchemaSection
{
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SchemaWriter _schemas;
    private readonly SpecForm _form;

    public SchemaSection(SpecForm form, SchemaTexts texts)
    {
        _form = form;
        _schemas = new SchemaWriter(form, texts);
        _entries.Add(SchemaNames.Patch, new Entry(null, ValueKind.RawExtension, []));
    }

    /// <summary>
    /// Adds the type of a custom resource, whose schema its definition has; behind this, it is added as a kind like any other.
    /// </summary>
    public void AddCustom(StructType type, JsonObject schema)
    {
        _entries.TryAdd(SchemaNames.Of(type), new Entry(null, default, []) { Custom = schema });
        Add(CustomSchemaWriter.Metadata);
    }

    /// <summary>Adds a type as the kind of objects that say so, beside what it was added as before.</summary>
    public void AddKind(StructType type, string apiVersion, string kind)
    {
        Add(type);
        var kinds = _entries[SchemaNames.Of(type)].Kinds;
        var added = GroupVersionKind.Of(apiVersion, kind);
        if (!kinds.Contains(added))
        {
            kinds.Add(added);
        }
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var (name, entry) in _entries)
        {
            writer.WritePropertyName(name);
            if (entry.Custom is { } custom)
            {
                CustomSchemaWriter.Write(writer, _form, custom, entry.Kinds);
            }
            else if (entry.Struct is { } type)
            {
                _schemas.WriteStruct(writer, type, entry.Kinds);
            }
            else
            {
                _schemas.WriteShared(writer, name, entry.Scalar);
            }
        }

        writer.WriteEndObject();
    }

    private void Add(StructType type)
    {
        if (_entries.TryAdd(SchemaNames.Of(type), new Entry(type, default, [])))
        {
            foreach (var field in type.JsonFields)
            {
                Add(field.Type);
            }
        }
    }

    private void Add(SchemaType type)
    {
        if (type.Struct is { } part)
        {
            Add(part);
        }
        else if (type.Element is { } element)
        {
            Add(element);
        }
        else if (SchemaNames.Of(type.Kind) is { } name)
        {
            _entries.TryAdd(name, new Entry(null, type.Kind, []));
        }
    }

    private sealed record Entry(StructType? Struct, ValueKind Scalar, List<GroupVersionKind> Kinds)
    {
        public JsonObject? Custom { get; init; }
    }
}
