using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Zones;

/// <summary>What is at a name; never changed, only replaced.</summary>
internal sealed class ZoneNode
{
    private static readonly Comparer<byte[]> _byBytes = Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b));

    private ZoneNode(RecordSet[] sets)
    {
        Sets = sets;
        Alias = Find(RecordType.Cname)?.Data[0];
    }

    /// <summary>Its records by type; none: there are names below this one.</summary>
    public RecordSet[] Sets { get; }

    /// <summary>The name that this one stands for; null: it stands for itself.</summary>
    public byte[]? Alias { get; }

    /// <summary>What is at a name that has these records, in whatever order and however often each.</summary>
    public static ZoneNode Of(IEnumerable<ZoneRecord> records)
    {
        var sets = records
            .Where(record => record.Type != RecordType.None)
            .GroupBy(record => record.Type, record => record.Data)
            .OrderBy(set => set.Key)
            .Select(set => new RecordSet(set.Key, [.. set.Distinct(NameComparer.Instance).Order(_byBytes)]));
        return new ZoneNode([.. sets]);
    }

    /// <summary>The records of a type, if there are any.</summary>
    public RecordSet? Find(RecordType type)
    {
        foreach (var set in Sets)
        {
            if (set.Type == type)
            {
                return set;
            }
        }

        return null;
    }
}

/// <summary>The records of a type at a name: at least one.</summary>
/// <param name="Type">The type.</param>
/// <param name="Data">The data of each.</param>
internal sealed record RecordSet(RecordType Type, byte[][] Data);
