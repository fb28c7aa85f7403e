using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Etcdish.Cluster;

/// <summary>
/// Derives member and cluster ids as etcd does (server/etcdserver/api/membership), so that a node with etcd's flags reports etcd's ids.
/// </summary>
public static class MemberIdentity
{
    /// <summary>Id of a member of the initial cluster: a hash of its peer URLs and the cluster token.</summary>
    /// <param name="peerUrls">Advertised peer URLs, in any order.</param>
    /// <param name="clusterToken">Value of --initial-cluster-token.</param>
    public static ulong MemberId(IEnumerable<string> peerUrls, string clusterToken)
    {
        ArgumentNullException.ThrowIfNull(peerUrls);
        string joined = string.Concat(peerUrls.Order(StringComparer.Ordinal));
        return FirstEightBytes(Encoding.UTF8.GetBytes(joined + clusterToken));
    }

    /// <summary>Id of a member that a running group takes: a hash of its peer URLs and the time, so that it is new each time.</summary>
    /// <param name="peerUrls">Advertised peer URLs, in any order.</param>
    /// <param name="time">When it is taken; whole seconds count.</param>
    public static ulong NewMemberId(IEnumerable<string> peerUrls, DateTimeOffset time) =>
        MemberId(peerUrls, time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));

    /// <summary>Id of a cluster: a hash of the ids of its initial members.</summary>
    /// <param name="memberIds">Ids of the initial members, in any order.</param>
    public static ulong ClusterId(IEnumerable<ulong> memberIds)
    {
        ArgumentNullException.ThrowIfNull(memberIds);
        ulong[] sorted = [.. memberIds.Order()];
        byte[] bytes = new byte[8 * sorted.Length];
        for (int i = 0; i < sorted.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8 * i), sorted[i]);
        }

        return FirstEightBytes(bytes);
    }

    // SHA-1 because etcd's ids are made so; they identify, they do not protect.
#pragma warning disable CA5350
    private static ulong FirstEightBytes(byte[] bytes) => BinaryPrimitives.ReadUInt64BigEndian(SHA1.HashData(bytes));
#pragma warning restore CA5350
}
