using System.Buffers;
using System.Text.Unicode;

namespace Etcdish.Kubernetes;

/// <summary>Maps: repeated entries of a key (1) and a value (2), written to JSON in the order of their keys, as Go does.</summary>
internal sealed partial class ProtobufDecoder
{
    private void WriteMap(Field field, ref WireReader reader, int end)
    {
        Enter();
        writer.WriteStartObject();
        var entries = ArrayPool<MapEntry>.Shared.Rent(16);
        try
        {
            var count = ReadEntries(field.Number, reader.Rest(end), ref entries);
            WriteEntries(field.Type.Element!, reader.Rest(end), entries.AsSpan(0, count));
        }
        finally
        {
            ArrayPool<MapEntry>.Shared.Return(entries);
        }

        writer.WriteEndObject();
        Leave();
    }

    private static int ReadEntries(int number, ReadOnlySpan<byte> message, ref MapEntry[] entries)
    {
        var count = 0;
        var reader = new WireReader(message);
        while (!reader.IsAtEnd)
        {
            var (found, wire) = reader.ReadTag();
            if (found != number)
            {
                reader.Skip(wire);
                continue;
            }

            Require(wire, WireType.Bytes);
            var length = reader.ReadBytes().Length;
            if (count == entries.Length)
            {
                var larger = ArrayPool<MapEntry>.Shared.Rent(count * 2);
                entries.CopyTo(larger.AsSpan());
                ArrayPool<MapEntry>.Shared.Return(entries);
                entries = larger;
            }

            entries[count++] = MapEntry.Read(message, reader.Position - length, reader.Position);
        }

        return count;
    }

    private void WriteEntries(SchemaType element, ReadOnlySpan<byte> message, Span<MapEntry> entries)
    {
        SortByKey(message, entries);
        for (var i = 0; i < entries.Length; i++)
        {
            var key = entries[i].Key(message);
            if (!Utf8.IsValid(key))
            {
                throw new WireFormatException("protobuf: a map key is not valid UTF-8");
            }

            if (i > 0 && key.SequenceEqual(entries[i - 1].Key(message)))
            {
                throw new WireFormatException($"protobuf: the map key \"{System.Text.Encoding.UTF8.GetString(key)}\" appears twice");
            }

            writer.WritePropertyName(key);
            _path.PushField("*");
            WriteEntryValue(element, message, entries[i]);
            _path.Pop();
            CheckSize();
        }
    }

    private void WriteEntryValue(SchemaType element, ReadOnlySpan<byte> message, in MapEntry entry)
    {
        if (entry.ValueTag < 0)
        {
            // An entry without a value stands for the empty one.
            WriteAbsent(element);
            return;
        }

        var reader = new WireReader(message) { Position = entry.ValueTag };
        WriteValue(element, ref reader, reader.ReadTag().Type);
    }

    private static void SortByKey(ReadOnlySpan<byte> message, Span<MapEntry> entries)
    {
        for (var i = 1; i < entries.Length; i++)
        {
            if (entries[i - 1].CompareTo(entries[i], message) > 0)
            {
                // Go writes maps in order, so this is a client of another kind: a copy of the message lets a delegate see it.
                var copy = message.ToArray();
                entries.Sort((a, b) => a.CompareTo(b, copy));
                return;
            }
        }
    }

    /// <summary>Where an entry's parts lie in the message.</summary>
    private readonly record struct MapEntry(int KeyStart, int KeyLength, int ValueTag)
    {
        public static MapEntry Read(ReadOnlySpan<byte> message, int start, int end)
        {
            var reader = new WireReader(message[..end]) { Position = start };
            int keyStart = start, keyLength = 0, valueTag = -1;
            while (!reader.IsAtEnd)
            {
                var tagAt = reader.Position;
                var (number, wire) = reader.ReadTag();
                if (number == 1)
                {
                    Require(wire, WireType.Bytes);
                    keyLength = reader.ReadBytes().Length;
                    keyStart = reader.Position - keyLength;
                    continue;
                }

                reader.Skip(wire);
                valueTag = number == 2 ? tagAt : valueTag;
            }

            return new MapEntry(keyStart, keyLength, valueTag);
        }

        public ReadOnlySpan<byte> Key(ReadOnlySpan<byte> message) => message.Slice(KeyStart, KeyLength);

        public int CompareTo(in MapEntry other, ReadOnlySpan<byte> message) => Key(message).SequenceCompareTo(other.Key(message));
    }
}
