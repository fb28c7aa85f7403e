using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Zones;

/// <summary>A record of the cluster. Its arrays are never changed.</summary>
/// <param name="Name">Its owner, in lower case.</param>
/// <param name="Type">Its type; <see cref="RecordType.None"/>: the name is there, no more.</param>
/// <param name="Data">Its data, with names written out.</param>
internal readonly record struct ZoneRecord(byte[] Name, RecordType Type, byte[] Data)
{
    /// <inheritdoc/>
    public bool Equals(ZoneRecord other) =>
        Type == other.Type && Name.AsSpan().SequenceEqual(other.Name) && Data.AsSpan().SequenceEqual(other.Data);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Name);
        hash.Add(Type);
        hash.AddBytes(Data);
        return hash.ToHashCode();
    }
}
