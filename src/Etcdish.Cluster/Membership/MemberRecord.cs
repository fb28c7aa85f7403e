namespace Etcdish.Cluster;

/// <summary>What the group knows of one member beside its vote.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its human name; empty until it has told it.</param>
/// <param name="PeerUrls">Where other members reach it.</param>
/// <param name="ClientUrls">Where clients reach it; empty until it has told them.</param>
public sealed record MemberRecord(ulong Id, string Name, IReadOnlyList<string> PeerUrls, IReadOnlyList<string> ClientUrls)
{
    internal bool HasSameAttributes(string name, IReadOnlyList<string> clientUrls) =>
        Name == name && ClientUrls.SequenceEqual(clientUrls);
}
