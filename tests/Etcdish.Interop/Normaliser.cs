using System.Text.RegularExpressions;

namespace Etcdish.Interop;

/// <summary>Replaces what must differ between two servers: identities, raft's counters, sizes, times, addresses and versions.</summary>
internal static partial class Normaliser
{
    public static string Normalise(string text)
    {
        text = JsonIdentity().Replace(text, "$1#");
        text = FieldIdentity().Replace(text, "$1#");
        text = ServerVersion().Replace(text, "$1#");
        text = Address().Replace(text, "ADDRESS");
        text = ClientId().Replace(text, "client-#");
        text = Timestamp().Replace(text, "$1#");
        text = Duration().Replace(text, "#time");
        text = AlarmMember().Replace(text, "$1#");
        text = AttachedKeys().Replace(text, match => string.Join(' ', match.Value.Split(' ').Order(StringComparer.Ordinal)));
        return MemberId().Replace(text, "#id");
    }

    /// <summary>The same for a message in protobuf's JSON form.</summary>
    public static string NormaliseMessage(string json) => HeaderIdentity().Replace(json, "");

    [GeneratedRegex(@"""(?:clusterId|memberId|raftTerm)"": ""[0-9]+"",? ?")]
    private static partial Regex HeaderIdentity();

    // "cluster_id":1, "raft_term":2 and their like; a status also has sizes, indexes and the server's version.
    [GeneratedRegex("""("(?:cluster_id|member_id|raft_term|ID|leader|raftIndex|raftAppliedIndex|raftTerm|dbSize|dbSizeInUse|hash)":)\d+""")]
    private static partial Regex JsonIdentity();

    [GeneratedRegex("""("(?:ID|ClusterID|MemberID|RaftTerm|Leader|RaftIndex|RaftAppliedIndex|DBSize|DBSizeInUse|Hash)" : )\d+""")]
    private static partial Regex FieldIdentity();

    // A key has a version as well, but that is a number.
    [GeneratedRegex(@"(""[vV]ersion"" ?: ?)""[\d.]+""")]
    private static partial Regex ServerVersion();

    [GeneratedRegex(@"(?:http://)?(?:127\.0\.0\.1|localhost):\d+")]
    private static partial Regex Address();

    [GeneratedRegex("client-[0-9a-f-]{36}")]
    private static partial Regex ClientId();

    [GeneratedRegex(@"(""(?:ts|took|size)"":)(?:""[^""]*""|[\d.e-]+)")]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"\b\d+(?:\.\d+)?(?:µs|Âµs|ms|s)\b")]
    private static partial Regex Duration();

    [GeneratedRegex(@"(memberID:)\d+")]
    private static partial Regex AlarmMember();

    // etcd lists a lease's keys in the order of a map, which is another at each start.
    [GeneratedRegex(@"(?<=attached keys\(\[)[^\]]*(?=\]\))")]
    private static partial Regex AttachedKeys();

    [GeneratedRegex(@"\b[0-9a-f]{14,16}\b")]
    private static partial Regex MemberId();
}
