using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>Objects, lists and maps of one text; what is found wrong with fields goes to the issues, with values to an exception.</summary>
internal sealed partial class JsonNormalizer(Utf8JsonWriter writer, FieldIssues issues, HashSet<long>? duplicates)
{
    private readonly PathTracker _path = new();

    /// <summary>The structs around the current value: a type error names the innermost, as Go does.</summary>
    private readonly List<StructType> _structs = [];

    public string Path => _path.ToString();

    public void WriteObject(StructType type, ReadOnlySpan<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
        reader.Read();
        WriteStruct(SchemaType.Object(type), ref reader);
        reader.Read();
    }

    private void WriteStruct(SchemaType schema, ref Utf8JsonReader reader)
    {
        var type = schema.Struct!;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Mismatch(ref reader, GoName(schema));
        }

        _structs.Add(type);
        writer.WriteStartObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            WriteProperty(type, ref reader);
        }

        writer.WriteEndObject();
        _structs.RemoveAt(_structs.Count - 1);
    }

    private void WriteProperty(StructType type, ref Utf8JsonReader reader)
    {
        var isDuplicate = duplicates is not null && duplicates.Contains(reader.TokenStartIndex);
        var field = reader.ValueIsEscaped ? type.FindField(reader.GetString()!) : type.FindField(reader.ValueSpan);
        if (isDuplicate && field is not null)
        {
            issues.AddDuplicate(_path, field.Name);
        }

        if (isDuplicate || (field is null && type.Additional is null))
        {
            SkipProperty(field is null, ref reader);
            return;
        }

        var name = field?.Name ?? reader.GetString()!;
        _path.PushField(name);
        reader.Read();
        if (field is null)
        {
            writer.WritePropertyName(name);
            WriteValue(type.Additional!, ref reader);
        }
        else if (!IsLeftOut(field, ref reader))
        {
            writer.WritePropertyName(field.EncodedName);
            WriteValue(field.Type, ref reader);
        }

        _path.Pop();
    }

    private void SkipProperty(bool isUnknown, ref Utf8JsonReader reader)
    {
        if (isUnknown)
        {
            issues.AddUnknown(_path, reader.GetString()!);
        }

        reader.Read();
        reader.Skip();
    }

    /// <summary>Whether Go would not write the field back; if so, the reader has passed its value.</summary>
    private static bool IsLeftOut(Field field, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return !field.IsNullable;
        }

        if (field.IsPointer || field.IsAlwaysWritten)
        {
            return false;
        }

        switch (reader.TokenType)
        {
            case JsonTokenType.False:
                return field.Type.Kind == ValueKind.Bool;
            case JsonTokenType.String:
                return reader.ValueSpan.IsEmpty && field.Type.Kind is ValueKind.String or ValueKind.Bytes;
            case JsonTokenType.Number:
                return field.Type.Kind is ValueKind.Int32 or ValueKind.Int64 or ValueKind.Double && IsZero(ref reader);
            case JsonTokenType.StartArray when field.Type.Kind is ValueKind.List or ValueKind.StringList:
            case JsonTokenType.StartObject when field.Type.Kind is ValueKind.Map:
                var ahead = reader;
                ahead.Read();
                if (ahead.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                {
                    reader = ahead;
                    return true;
                }

                return false;
            default:
                return false;
        }
    }

    private static bool IsZero(ref Utf8JsonReader reader) => reader.TryGetInt64(out var number) && number == 0;

    private void WriteList(SchemaType schema, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Mismatch(ref reader, GoName(schema));
        }

        writer.WriteStartArray();
        _path.PushIndex(0);
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            _path.SetIndex(index);
            WriteValue(schema.Element!, ref reader);
        }

        _path.Pop();
        writer.WriteEndArray();
    }

    private void WriteMap(SchemaType schema, ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Mismatch(ref reader, GoName(schema));
        }

        writer.WriteStartObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var isDuplicate = duplicates is not null && duplicates.Contains(reader.TokenStartIndex);
            var key = reader.GetString()!;
            if (isDuplicate)
            {
                issues.AddDuplicate(_path, key);
                reader.Read();
                reader.Skip();
                continue;
            }

            writer.WritePropertyName(key);
            _path.PushField(key);
            reader.Read();
            WriteValue(schema.Element!, ref reader);
            _path.Pop();
        }

        writer.WriteEndObject();
    }

    /// <summary>A value no schema describes: as it is, but for duplicates.</summary>
    private void WriteAny(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    WriteAny(ref reader);
                }

                writer.WriteEndArray();
                break;
            case JsonTokenType.StartObject:
                WriteMap(_anyMap, ref reader);
                break;
            default:
                JsonCopy.Value(ref reader, writer);
                break;
        }
    }

    private static readonly SchemaType _anyMap = SchemaType.MapOf(SchemaType.Deduced);
}
