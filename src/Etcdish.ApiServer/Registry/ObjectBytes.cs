using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace Etcdish.ApiServer.Registry;

/// <summary>
/// Stored objects as bytes. They are JSON without a resourceVersion, which is the revision that wrote them and is put in when they are
/// served; nothing else of them is looked at. Writers put <c>metadata</c> near the front, so that finding it is cheap.
/// </summary>
internal static class ObjectBytes
{
    private const int MaxRevisionDigits = 20;

    /// <summary>Writes an object as clients see it.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> stored, long revision)
    {
        var (at, isEmpty) = FindMetadata(stored);
        var field = "\"resourceVersion\":\""u8;
        var size = stored.Length + field.Length + MaxRevisionDigits + 2;
        var target = output.GetSpan(size);
        stored[..at].CopyTo(target);
        var written = at;
        field.CopyTo(target[written..]);
        written += field.Length;
        Utf8Formatter.TryFormat(revision, target[written..], out var digits);
        written += digits;
        target[written++] = (byte)'"';
        if (!isEmpty)
        {
            target[written++] = (byte)',';
        }

        stored[at..].CopyTo(target[written..]);
        output.Advance(written + stored.Length - at);
    }

    /// <summary>The place behind the brace of <c>metadata</c>, and whether nothing stands there.</summary>
    private static (int At, bool IsEmpty) FindMetadata(ReadOnlySpan<byte> stored)
    {
        var reader = new Utf8JsonReader(stored, new JsonReaderOptions { MaxDepth = 1024 });
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isMetadata = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            if (isMetadata && reader.TokenType == JsonTokenType.StartObject)
            {
                var at = (int)reader.BytesConsumed;
                reader.Read();
                return (at, reader.TokenType == JsonTokenType.EndObject);
            }

            reader.Skip();
        }

        throw new InvalidDataException("a stored object has no metadata: the store holds what this program did not write");
    }
}
