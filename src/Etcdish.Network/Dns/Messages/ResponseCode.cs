namespace Etcdish.Network.Dns.Messages;

/// <summary>How a question ended (RFC 1035 §4.1.1; the upper bits of those above 15 are in EDNS, RFC 6891 §6.1.3).</summary>
internal enum ResponseCode : ushort
{
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,

    /// <summary>There is no such name (NXDOMAIN).</summary>
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
    BadVersion = 16,
}
