using System.Text;
using System.Text.Json;

namespace Etcdish.Kubernetes.Objects;

/// <summary>
/// The fields that are read of an object, and what becomes of each. The serializer could read these classes, too; but its code is made of
/// generics that are compiled when they are first used, and a program that starts on a large cluster reads its fifty thousand pods before
/// that is done. What is null is as if it were missing.
/// </summary>
/// <param name="make">Makes an object.</param>
/// <param name="fields">The fields, in the order in which servers write them.</param>
internal sealed class FieldTable<T>(Func<T> make, params Field<T>[] fields)
    where T : class
{
    /// <summary>The names of the fields.</summary>
    public IEnumerable<string> Names => fields.Select(one => Encoding.UTF8.GetString(one.Name));

    /// <summary>Reads an object at whose beginning the reader stands.</summary>
    /// <exception cref="JsonException">There is no object, or a field of it is of another form.</exception>
    public T Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException($"where {typeof(T).Name} is expected, there is no object");
        }

        var result = make();
        var next = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = Find(ref reader, ref next);
            reader.Read();
            if (found is null)
            {
                reader.Skip();
            }
            else if (reader.TokenType != JsonTokenType.Null)
            {
                found.Read(ref reader, result);
            }
        }

        return result;
    }

    /// <summary>Reads an array of objects at whose beginning the reader stands.</summary>
    /// <exception cref="JsonException">There is no array, or what is in it has another form.</exception>
    public T[] ReadArray(ref Utf8JsonReader reader)
    {
        const int Few = 4;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException($"where an array of {typeof(T).Name} is expected, there is none");
        }

        var result = new T[Few];
        var count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == result.Length)
            {
                Array.Resize(ref result, count * 2);
            }

            result[count++] = Read(ref reader);
        }

        Array.Resize(ref result, count);
        return result;
    }

    /// <summary>The field whose name the reader stands at, sought from the one behind that which was found last; null if it is not read.</summary>
    private Field<T>? Find(ref Utf8JsonReader reader, ref int next)
    {
        for (var tried = 0; tried < fields.Length; tried++)
        {
            var field = fields[next];
            next = next + 1 < fields.Length ? next + 1 : 0;
            if (reader.ValueTextEquals(field.Name))
            {
                return field;
            }
        }

        return null;
    }
}

/// <summary>A field that is read.</summary>
/// <param name="name">Its name.</param>
/// <param name="read">Reads its value, which is not null, into an object.</param>
internal sealed class Field<T>(string name, FieldReader<T> read)
{
    /// <summary>Its name, in UTF-8.</summary>
    public byte[] Name { get; } = Encoding.UTF8.GetBytes(name);

    /// <summary>Reads its value, which is not null, into an object.</summary>
    public FieldReader<T> Read { get; } = read;
}

/// <summary>Reads a value, at whose first token the reader stands, into an object.</summary>
internal delegate void FieldReader<in T>(ref Utf8JsonReader reader, T target);
