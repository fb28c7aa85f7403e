namespace Etcdish.Kubernetes;

/// <summary>Finds a field by the UTF-8 bytes of its name: open addressing over a power of two, at most half full.</summary>
internal sealed class NameTable
{
    private readonly Field?[] _slots;

    public NameTable(IReadOnlyList<Field> fields)
    {
        var size = 2;
        while (size < fields.Count * 2)
        {
            size *= 2;
        }

        _slots = new Field?[size];
        foreach (var field in fields)
        {
            var slot = Hash(field.Utf8Name.Span) & (size - 1);
            while (_slots[slot] is not null)
            {
                slot = (slot + 1) & (size - 1);
            }

            _slots[slot] = field;
        }
    }

    public Field? Find(ReadOnlySpan<byte> name)
    {
        var mask = _slots.Length - 1;
        for (var slot = Hash(name) & mask; _slots[slot] is { } field; slot = (slot + 1) & mask)
        {
            if (field.Utf8Name.Span.SequenceEqual(name))
            {
                return field;
            }
        }

        return null;
    }

    private static int Hash(ReadOnlySpan<byte> name)
    {
        // FNV-1a: names are short, and the tables are ours, so nobody can choose names that collide.
        var hash = 2166136261u;
        foreach (var b in name)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(hash ^ (hash >> 15)) & int.MaxValue;
    }
}
