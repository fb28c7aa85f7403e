namespace Etcdish.Network.Dns.Messages;

/// <summary>Types of records that something here knows of; others pass through as numbers (RFC 3597).</summary>
internal enum RecordType : ushort
{
    /// <summary>None: a name that is there without records of its own.</summary>
    None = 0,
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Srv = 33,
    Dname = 39,
    Opt = 41,
    Ixfr = 251,
    Axfr = 252,
    Any = 255,
}
