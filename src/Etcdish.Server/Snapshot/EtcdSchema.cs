using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Server.Snapshot.Bolt;
using Etcdish.Store;

namespace Etcdish.Server.Snapshot;

/// <summary>
/// etcd's buckets and what lies in them. Every bucket must exist, also when it is empty. Left out on purpose: "clusterVersion", which a
/// restore by an older etcd would take for a downgrade, and "confState", which a restore writes anew.
/// </summary>
internal static class EtcdSchema
{
    public const string KeyBucket = "key";
    public const string MetaBucket = "meta";
    public const string LeaseBucket = "lease";
    public const string AlarmBucket = "alarm";
    public const string MembersBucket = "members";
    public const string AuthBucket = "auth";

    public const string ConsistentIndex = "consistent_index";
    public const string Term = "term";
    public const string ScheduledCompaction = "scheduledCompactRev";
    public const string FinishedCompaction = "finishedCompactRev";
    public const string AuthEnabled = "authEnabled";
    public const string StorageVersionKey = "storageVersion";

    /// <summary>etcd's version of this layout; 3.6 was the first to write it down, and older ones do not look for it.</summary>
    public const string StorageVersion = "3.6.0";

    private static readonly string[] _emptyBuckets = [AuthBucket, "authRoles", "authUsers", "cluster", "members_removed"];

    /// <summary>All buckets of a snapshot of the given state.</summary>
    public static IEnumerable<BoltBucket> Buckets(ISnapshotState state)
    {
        yield return new BoltBucket(KeyBucket, () => new RevisionCursor(state));
        yield return Small(MetaBucket, Meta(state));
        yield return Small(LeaseBucket, state.Leases.Select(Lease));
        yield return Small(AlarmBucket, state.Alarms.Select(Alarm));
        yield return Small(MembersBucket, state.Members.Select(Member));
        foreach (string name in _emptyBuckets)
            yield return Small(name, []);
    }

    private static BoltBucket Small(string name, IEnumerable<KeyValuePair<byte[], byte[]>> pairs)
    {
        List<KeyValuePair<byte[], byte[]>> sorted = [.. pairs];
        sorted.Sort((x, y) => x.Key.AsSpan().SequenceCompareTo(y.Key));
        return new BoltBucket(name, () => new BoltPairCursor(sorted));
    }

    private static IEnumerable<KeyValuePair<byte[], byte[]>> Meta(ISnapshotState state)
    {
        yield return new(Encoding.UTF8.GetBytes(ConsistentIndex), BigEndian(state.AppliedIndex));
        yield return new(Encoding.UTF8.GetBytes(Term), BigEndian(state.AppliedTerm));
        yield return new(Encoding.UTF8.GetBytes(StorageVersionKey), Encoding.UTF8.GetBytes(StorageVersion));
        if (state.CompactedRevision <= 0)
            yield break;
        byte[] compacted = new byte[RevisionKey.PutLength];
        RevisionKey.Write(compacted, state.CompactedRevision, sub: 0, isTombstone: false);
        yield return new(Encoding.UTF8.GetBytes(ScheduledCompaction), compacted);
        yield return new(Encoding.UTF8.GetBytes(FinishedCompaction), compacted);
    }

    private static KeyValuePair<byte[], byte[]> Lease(LeaseInfo lease)
    {
        byte[] value = new byte[Varint.FieldSize(lease.Id) + Varint.FieldSize(lease.GrantedTtl) + Varint.FieldSize(lease.RemainingTtl)];
        Span<byte> rest = Varint.WriteField(value, field: 1, lease.Id);
        rest = Varint.WriteField(rest, field: 2, lease.GrantedTtl);
        Varint.WriteField(rest, field: 3, lease.RemainingTtl);
        return new(BigEndian((ulong)lease.Id), value);
    }

    private static KeyValuePair<byte[], byte[]> Alarm(AlarmMember alarm)
    {
        byte[] key = new byte[Varint.FieldSize((long)alarm.MemberId) + Varint.FieldSize((long)alarm.Type)];
        Varint.WriteField(Varint.WriteField(key, field: 1, (long)alarm.MemberId), field: 2, (long)alarm.Type);
        return new(key, []);
    }

    private static KeyValuePair<byte[], byte[]> Member(SnapshotMember member)
    {
        var json = new JsonObject { ["id"] = member.Id, ["peerURLs"] = Strings(member.PeerUrls) };
        if (member.IsLearner)
            json["isLearner"] = true;
        if (member.Name.Length > 0)
            json["name"] = member.Name;
        if (member.ClientUrls.Count > 0)
            json["clientURLs"] = Strings(member.ClientUrls);
        string id = member.Id.ToString("x", CultureInfo.InvariantCulture);
        return new(Encoding.UTF8.GetBytes(id), Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private static JsonArray Strings(IReadOnlyList<string> items) => new([.. items.Select(item => JsonValue.Create(item))]);

    private static byte[] BigEndian(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }
}
