using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Etcdish.Server.Tests.Snapshot;

/// <summary>All that a client can learn of a store's state, asked by etcdctl of whichever server: equal lines are equal states.</summary>
internal static class ServedState
{
    /// <summary>Overwrites, transactions, deletions, re-creations, leases, empty values, and a compaction in the middle.</summary>
    public static void Fill(string endpoint)
    {
        string lease = Ctl(endpoint, "lease", "grant", "6000").Split(' ')[1];
        Ctl(endpoint, "lease", "grant", "777");
        string revoked = Ctl(endpoint, "lease", "grant", "888").Split(' ')[1];
        for (int i = 0; i < 12; i++)
            Ctl(endpoint, "put", $"key{i % 5}", new string('v', i * 271));
        Ctl(endpoint, "put", "leased once", "1", "--lease", lease);
        Ctl(endpoint, "put", "leased once", "2");
        Ctl(endpoint, "put", "revoked", "1", "--lease", revoked);
        Ctl(endpoint, "lease", "revoke", revoked);
        Ctl(endpoint, "del", "key1", "key3");
        Txn(endpoint, "", "put txn/a 1\nput txn/b 2\ndel key0", "");
        Ctl(endpoint, "compaction", "--physical", Revision(endpoint).ToString(CultureInfo.InvariantCulture));
        Ctl(endpoint, "put", "key1", "", "--lease", lease);
        Ctl(endpoint, "put", "ключ", "значение");
        Txn(endpoint, "mod(\"key1\") > \"1\"\n", "put key0 reborn\nput txn/a 3\ndel txn/b", "put never 1");
        Ctl(endpoint, "del", "ключ");
        Ctl(endpoint, "put", "key4", "last", "--lease", lease);
    }

    /// <summary>Everything from the compacted revision on.</summary>
    public static List<string> Describe(string endpoint)
    {
        long revision = Revision(endpoint);
        var lines = new List<string> { $"revision {revision}" };
        for (long at = revision; at > 1; at--)
        {
            string rev = at.ToString(CultureInfo.InvariantCulture);
            ToolResult range = Run(endpoint, "get", "", "--prefix", "--rev", rev, "-w", "json");
            if (range.ExitCode != 0)
            {
                lines.Add($"@{at} {JsonDocument.Parse(range.Error.Split('\n')[0]).RootElement.GetProperty("error").GetString()}");
                break;
            }

            if (JsonDocument.Parse(range.Output).RootElement.TryGetProperty("kvs", out JsonElement pairs))
                lines.AddRange(pairs.EnumerateArray().Select(pair => $"@{at} {GenuinePairs.Describe(pair)}"));
        }

        lines.Add("hash " + HashKv(endpoint));
        lines.AddRange(Leases(endpoint));
        lines.Add("alarms " + Ctl(endpoint, "alarm", "list"));
        return lines;
    }

    public static string Ctl(string endpoint, params string[] arguments) => Run(endpoint, arguments).Expect(0);

    public static ToolResult Run(string endpoint, params string[] arguments)
        => GenuineEtcd.Run("etcdctl", ["--endpoints", endpoint, .. arguments]);

    public static long Revision(string endpoint)
        => GenuinePairs.Revision(JsonDocument.Parse(Ctl(endpoint, "get", "no such key", "-w", "json")).RootElement);

    // Without the scheme: etcdctl 3.4 would send it on as part of the host's name here, which not every server takes.
    private static uint HashKv(string endpoint)
    {
        string answer = Ctl(new Uri(endpoint).Authority, "endpoint", "hashkv", "-w", "json");
        return JsonDocument.Parse(answer).RootElement[0].GetProperty("HashKV").GetProperty("hash").GetUInt32();
    }

    /// <summary>The ID, granted TTL and keys of each lease; what is left of it depends on the moment.</summary>
    private static IEnumerable<string> Leases(string endpoint)
    {
        string[] lines = Ctl(endpoint, "lease", "list").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string id in lines[1..].Order(StringComparer.Ordinal))
        {
            JsonElement lease = JsonDocument.Parse(Ctl(endpoint, "lease", "timetolive", id, "--keys", "-w", "json")).RootElement;
            string keys = lease.GetProperty("keys") is { ValueKind: JsonValueKind.Array } array
                ? string.Join(' ', array.EnumerateArray().Select(key => Encoding.UTF8.GetString(key.GetBytesFromBase64())).Order())
                : "";
            yield return $"lease {id} {lease.GetProperty("granted-ttl").GetInt64()} [{keys}]";
        }
    }

    private static void Txn(string endpoint, string compares, string success, string failure)
        => GenuineEtcd.RunWithInput($"{compares}\n{success}\n\n{failure}\n\n", "etcdctl", "--endpoints", endpoint, "txn").Expect(0);
}
