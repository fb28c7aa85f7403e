using System.Text.Json;

namespace Etcdish.Kubernetes;

/// <summary>
/// Finds properties whose name comes again later in the same object, by the places of their names. Nearly always there are none, and
/// knowing so beforehand lets what follows write each property as it comes.
/// </summary>
internal static class DuplicateFinder
{
    /// <summary>Above this many properties an object's names are looked up in a table instead of one by one.</summary>
    private const int LinearLimit = 24;

    /// <summary>Returns the places of the property names to pass over, or null if there are none.</summary>
    /// <exception cref="ObjectFormatException">The text is no JSON object.</exception>
    public static HashSet<long>? Find(ReadOnlySpan<byte> json, int maxDepth)
    {
        try
        {
            return new Scan().Run(json, maxDepth);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new ObjectFormatException("", $"no valid JSON: {fault.Message}");
        }
    }

    private sealed class Scan
    {
        private readonly List<(int Start, int Length, long Place)> _names = [];
        private readonly List<int> _firstName = [];
        private readonly List<Dictionary<string, long>?> _tables = [];
        private HashSet<long>? _duplicates;

        public HashSet<long>? Run(ReadOnlySpan<byte> json, int maxDepth)
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = maxDepth });
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.StartObject:
                        _firstName.Add(_names.Count);
                        _tables.Add(null);
                        break;
                    case JsonTokenType.EndObject:
                        _names.RemoveRange(_firstName[^1], _names.Count - _firstName[^1]);
                        _firstName.RemoveAt(_firstName.Count - 1);
                        _tables.RemoveAt(_tables.Count - 1);
                        break;
                    case JsonTokenType.PropertyName:
                        Note(json, ref reader);
                        break;
                }
            }

            return _duplicates;
        }

        private void Note(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
        {
            var place = reader.TokenStartIndex;
            var first = _firstName[^1];
            if (reader.ValueIsEscaped && _tables[^1] is null)
            {
                // Escapes may spell the same name differently: compare what they mean.
                _tables[^1] = BuildTable(json, first);
            }

            if (_tables[^1] is { } table)
            {
                var name = reader.GetString()!;
                if (table.TryGetValue(name, out var earlier))
                {
                    (_duplicates ??= []).Add(earlier);
                }

                table[name] = place;
                return;
            }

            for (var i = first; i < _names.Count; i++)
            {
                if (json.Slice(_names[i].Start, _names[i].Length).SequenceEqual(reader.ValueSpan))
                {
                    (_duplicates ??= []).Add(_names[i].Place);
                    _names[i] = _names[i] with { Place = place };
                    return;
                }
            }

            _names.Add(((int)place + 1, reader.ValueSpan.Length, place));
            if (_names.Count - first > LinearLimit)
            {
                _tables[^1] = BuildTable(json, first);
            }
        }

        private Dictionary<string, long> BuildTable(ReadOnlySpan<byte> json, int first)
        {
            var table = new Dictionary<string, long>(StringComparer.Ordinal);
            for (var i = first; i < _names.Count; i++)
            {
                table[System.Text.Encoding.UTF8.GetString(json.Slice(_names[i].Start, _names[i].Length))] = _names[i].Place;
            }

            return table;
        }
    }
}
