using System.Text;
using System.Text.Json;
using Etcdish.Server.Snapshot;
using Etcdish.Store;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>Key, revisions, version, lease and value in one line, from whichever side they come.</summary>
internal static class GenuinePairs
{
    public static string Describe(KeyRevision kv, FakeSnapshotState state)
        => $"{Encoding.UTF8.GetString(kv.Key)} {kv.CreateRevision} {kv.ModRevision} {kv.Version} {kv.Lease} "
            + Convert.ToBase64String(state.ValueOf(kv));

    public static string Describe(SnapshotKeyValue kv)
        => $"{Encoding.UTF8.GetString(kv.Key.Span)} {kv.CreateRevision} {kv.ModRevision} {kv.Version} {kv.Lease} "
            + Convert.ToBase64String(kv.Value.Span);

    public static string Describe(JsonElement kv)
    {
        string key = Encoding.UTF8.GetString(kv.GetProperty("key").GetBytesFromBase64());
        string value = kv.TryGetProperty("value", out JsonElement bytes) ? bytes.GetString()! : "";
        return $"{key} {Number(kv, "create_revision")} {Number(kv, "mod_revision")} {Number(kv, "version")} {Number(kv, "lease")} {value}";
    }

    /// <summary>The header's revision of an answer.</summary>
    public static long Revision(JsonElement response) => response.GetProperty("header").GetProperty("revision").GetInt64();

    private static long Number(JsonElement element, string name)
        => element.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;
}
