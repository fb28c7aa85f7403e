using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Zones;

/// <summary>
/// The names of the cluster. Records come from sources (a service, a namespace), each of which is replaced as a whole; the names that differ
/// are published one by one, and readers never wait. A name is there if it has records or if one below it is there (RFC 4592 §2.2.2); in the
/// trees of addresses, which are not the cluster's own, only names with records are.
/// </summary>
internal sealed class Zone
{
    /// <summary>For how many seconds clients may keep an answer.</summary>
    public const uint Ttl = 5;

    private static readonly byte[] _reverse = WireName.Parse("arpa");
    private readonly Lock _lock = new();
    private readonly Dictionary<byte[], Entry> _entries = new(NameComparer.Instance);
    private readonly Dictionary<string, HashSet<ZoneRecord>> _sources = [];
    private readonly ConcurrentDictionary<byte[], ZoneNode> _nodes = new(NameComparer.Instance);
    private readonly ConcurrentDictionary<byte[], ZoneNode>.AlternateLookup<ReadOnlySpan<byte>> _find;
    private readonly uint _firstSerial;
    private volatile byte[] _authority;
    private volatile bool _isComplete;
    private uint _changes;

    /// <summary>Makes one with its fixed names.</summary>
    /// <param name="apex">Its name, such as <c>cluster.local</c>.</param>
    /// <param name="nameServer">The address of its name server, if that has one.</param>
    /// <param name="firstSerial">Its first serial number; it counts changes from there.</param>
    /// <exception cref="FormatException">The name is none.</exception>
    public Zone(string apex, IPAddress? nameServer, uint firstSerial)
    {
        Apex = WireName.Parse(apex);
        Services = WireName.Below("svc", Apex);
        Pods = WireName.Below("pod", Apex);
        _firstSerial = firstSerial;
        _find = _nodes.GetAlternateLookup<ReadOnlySpan<byte>>();
        var server = WireName.Below("ns", WireName.Below("dns", Apex));
        List<ZoneRecord> records =
        [
            new(Apex, RecordType.Ns, server),
            new(Services, RecordType.None, []),
            new(Pods, RecordType.None, []),
            new(WireName.Below("dns-version", Apex), RecordType.Txt, "\u00051.1.0"u8.ToArray()),
            new(server, RecordType.None, []),
        ];
        if (nameServer is not null)
        {
            records.Add(AddressRecord(server, nameServer));
        }

        _authority = MakeAuthority();
        Replace("", records);
    }

    /// <summary>Its name.</summary>
    public byte[] Apex { get; }

    /// <summary>The name above all namespaces with services.</summary>
    public byte[] Services { get; }

    /// <summary>The name above all namespaces with pods.</summary>
    public byte[] Pods { get; }

    /// <summary>The data of its SOA record.</summary>
    public byte[] Authority => _authority;

    /// <summary>Whether all that was there at the start is known, so that a name that is not there can be denied.</summary>
    public bool IsComplete
    {
        get => _isComplete;
        set => _isComplete = value;
    }

    /// <summary>A record of an address.</summary>
    public static ZoneRecord AddressRecord(byte[] name, IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return new ZoneRecord(name, bytes.Length == 4 ? RecordType.A : RecordType.Aaaa, bytes);
    }

    /// <summary>Whether a name is in the zone.</summary>
    public bool Contains(ReadOnlySpan<byte> name) => WireName.IsWithin(name, Apex);

    /// <summary>Whether a name stands for an address, of whatever network.</summary>
    public static bool IsReverse(ReadOnlySpan<byte> name) => WireName.IsWithin(name, _reverse);

    /// <summary>What is at a name; null: it is not there.</summary>
    public ZoneNode? Find(ReadOnlySpan<byte> name) => _find.TryGetValue(name, out var node) ? node : null;

    /// <summary>All names that are there, for tests.</summary>
    public IReadOnlyDictionary<byte[], ZoneNode> All => _nodes;

    /// <summary>Puts these records in the place of those that the source had before.</summary>
    /// <param name="source">Whose they are.</param>
    /// <param name="records">All that it has now.</param>
    public void Replace(string source, IReadOnlyCollection<ZoneRecord> records)
    {
        lock (_lock)
        {
            var before = _sources.GetValueOrDefault(source) ?? [];
            HashSet<ZoneRecord> now = [.. records];
            HashSet<byte[]> touched = new(NameComparer.Instance);
            foreach (var record in now.Where(record => !before.Contains(record)))
            {
                Add(source, record);
                touched.Add(record.Name);
            }

            foreach (var record in before.Where(record => !now.Contains(record)))
            {
                Remove(source, record);
                touched.Add(record.Name);
            }

            if (now.Count > 0)
            {
                _sources[source] = now;
            }
            else
            {
                _sources.Remove(source);
            }

            if (touched.Count > 0)
            {
                _changes++;
                _authority = MakeAuthority();
            }

            foreach (var name in touched)
            {
                Publish(name);
            }
        }
    }

    private void Add(string source, ZoneRecord record) => Enter(record.Name).Records.Add((source, record));

    /// <summary>The entry of a name; if it is new, its parents are there from now on.</summary>
    private Entry Enter(byte[] name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            _entries[name] = entry = new Entry();
            if (name.Length > Apex.Length && Contains(name))
            {
                var parent = WireName.Parent(name).ToArray();
                var isNew = !_entries.ContainsKey(parent);
                Enter(parent).Children++;
                if (isNew)
                {
                    Publish(parent);
                }
            }
        }

        return entry;
    }

    private void Remove(string source, ZoneRecord record)
    {
        _entries[record.Name].Records.Remove((source, record));
        Leave(record.Name);
    }

    private void Leave(byte[] name)
    {
        var entry = _entries[name];
        if (entry.Records.Count > 0 || entry.Children > 0)
        {
            return;
        }

        _entries.Remove(name);
        Publish(name);
        if (name.Length > Apex.Length && Contains(name))
        {
            var parent = WireName.Parent(name).ToArray();
            _entries[parent].Children--;
            Leave(parent);
        }
    }

    private void Publish(byte[] name)
    {
        if (_entries.TryGetValue(name, out var entry))
        {
            _nodes[name] = ZoneNode.Of(entry.Records.Select(pair => pair.Record));
        }
        else
        {
            _nodes.TryRemove(name, out _);
        }
    }

    /// <summary>Two names and five numbers: serial, refresh, retry, expire, and for how long a denial may be kept (RFC 2308 §4).</summary>
    private byte[] MakeAuthority()
    {
        var server = WireName.Below("ns", WireName.Below("dns", Apex));
        var master = WireName.Below("hostmaster", Apex);
        byte[] data = [.. server, .. master, .. new byte[20]];
        var numbers = data.AsSpan()[^20..];
        ReadOnlySpan<uint> values = [unchecked(_firstSerial + _changes), 7200, 1800, 86400, Ttl];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(numbers[(4 * i)..], values[i]);
        }

        return data;
    }

    private sealed class Entry
    {
        public HashSet<(string Source, ZoneRecord Record)> Records { get; } = [];

        public int Children { get; set; }
    }
}
