using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>Turns index entries into pairs with their values.</summary>
internal static class KeyValues
{
    /// <summary>Reads one version; inside a <see cref="ReadScope"/> taken before the version was found.</summary>
    /// <exception cref="DamagedValueException">The value does not match its checksum.</exception>
    public static KeyValue Read(KeyRevision version, IValueSource values, bool keysOnly)
    {
        ValueReference place = version.Value;
        byte[] value = [];
        if (!keysOnly && place.Length > 0)
        {
            value = GC.AllocateUninitializedArray<byte>(place.Length);
            values.Read(place, value);
        }

        return new KeyValue(
            version.Key, value, version.CreateRevision, version.ModRevision, version.Version, keysOnly ? 0 : version.Lease);
    }

    /// <summary>A pair whose value has been read already.</summary>
    public static KeyValue Make(KeyRevision version, ReadOnlyMemory<byte> value) =>
        new(version.Key, value, version.CreateRevision, version.ModRevision, version.Version, version.Lease);
}
