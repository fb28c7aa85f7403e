namespace Etcdish.Network.Dns.Messages;

/// <summary>
/// Where the data of a type has names, which must be written out before they are put into another message. All other data is bytes (RFC 3597).
/// </summary>
/// <param name="Before">Bytes before the first name.</param>
/// <param name="Names">How many names there are, one behind the other.</param>
/// <param name="MayCompress">Whether they may be shortened by pointers: old types only (RFC 3597 §4).</param>
internal readonly record struct RecordShape(int Before, int Names, bool MayCompress)
{
    /// <summary>The most bytes that data with names has when they are written out: two names and the numbers of an SOA.</summary>
    public const int MaxBytes = (2 * WireName.MaxBytes) + 20;

    /// <summary>The shape of a type.</summary>
    public static RecordShape Of(RecordType type) => type switch
    {
        RecordType.Ns or RecordType.Cname or RecordType.Ptr => new(0, 1, true),
        RecordType.Soa => new(0, 2, true),
        RecordType.Mx => new(2, 1, true),
        RecordType.Srv => new(6, 1, false),
        RecordType.Dname => new(0, 1, false),
        _ => default,
    };
}
