using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Etcdish.Testing;

namespace Etcdish.Process.Clusters;

/// <summary>
/// What etcdctl said about a cluster, with what differs between any two clusters replaced: ids, ports, sizes, times. Two servers that
/// behave alike leave equal transcripts.
/// </summary>
internal sealed partial class ClusterTranscript(ServerCluster cluster)
{
    // A duration below a millisecond holds a µ, which must stay one for it to be replaced.
    private static readonly JsonSerializerOptions _unescaped = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly List<string> _lines = [];
    private readonly Dictionary<string, string> _names = [];

    /// <summary>All that was said, a line for each command.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>What replaces a URL or another text from now on.</summary>
    public void Call(string text, string name) => _names[text] = name;

    /// <summary>Runs etcdctl and writes down its command, exit code and outputs; what is a list by ids is sorted.</summary>
    public CommandResult Run(EtcdCtl ctl, string arguments)
    {
        CommandResult result = ctl.Run(arguments);
        _lines.Add($"{Normalise(arguments)} => {result.ExitCode} {Normalise(result.StandardOutput)} {Errors(result.StandardError)}");
        return result;
    }

    /// <summary>
    /// The same when nobody is refused any more because members have been connected for less than five seconds, as genuine etcd wants it.
    /// </summary>
    public CommandResult RunWhenHealthy(EtcdCtl ctl, string arguments)
    {
        while (true)
        {
            int lines = _lines.Count;
            CommandResult result = Run(ctl, arguments);
            if (!result.StandardError.Contains("unhealthy cluster", StringComparison.Ordinal))
                return result;
            _lines.RemoveRange(lines, 1);
        }
    }

    /// <summary>The same for JSON, whose ids are decimal and whose lists of members come in the order of ids.</summary>
    public void RunJson(EtcdCtl ctl, string arguments, string list)
    {
        JsonNode answer = JsonNode.Parse(ctl.Run(arguments + " -w json").StandardOutput)!;
        JsonNode listed = list.Length == 0 ? answer : answer[list]!;
        IEnumerable<string> items = (listed is JsonArray array ? array.AsEnumerable() : [listed]).Select(item => item!.ToJsonString(_unescaped));
        _lines.Add($"{Normalise(arguments)} json => {string.Join(' ', items.Select(Normalise).Order(StringComparer.Ordinal))}");
    }

    /// <summary>Learns the ids of all members that there are, by name, or by peer URL for those without.</summary>
    public void LearnIds(EtcdCtl ctl)
    {
        JsonNode answer = JsonNode.Parse(ctl.Run("member list -w json").StandardOutput)!;
        Learn(answer["header"]!["cluster_id"]!.GetValue<ulong>(), "<cluster>");
        foreach (JsonNode? member in answer["members"]!.AsArray())
        {
            string url = member!["peerURLs"]![0]!.GetValue<string>();
            Learn(member["ID"]!.GetValue<ulong>(), $"<{_names.GetValueOrDefault(url, Place(url))}>");
        }

        void Learn(ulong id, string name)
        {
            _names[id.ToString("x", CultureInfo.InvariantCulture)] = name;
            _names[id.ToString(CultureInfo.InvariantCulture)] = name;
        }
    }

    private string Normalise(string text)
    {
        foreach (ServerProcess member in cluster.Members)
        {
            text = text.Replace(member.PeerUrl, $"{member.MemberName}-peer", StringComparison.Ordinal)
                .Replace(member.ClientUrl, $"{member.MemberName}-client", StringComparison.Ordinal);
        }

        foreach ((string value, string name) in _names.OrderByDescending(pair => pair.Key.Length))
            text = text.Replace(value, name, StringComparison.Ordinal);
        text = Seconds().Replace(Padding().Replace(text, m => m.Value[..1]), "#s");
        text = InitialCluster().Replace(text, match => $"ETCD_INITIAL_CLUSTER=\"{Sorted(match.Groups[1].Value, ',')}\"");
        text = Variable().Replace(Size().Replace(text, "#B"), "$1#");
        text = Indexes().Replace(Version().Replace(text, "#.#.#"), "$1#$2#$3#");
        return Sorted(text, '\n');
    }

    private string Errors(string text) => Sorted(
        string.Join('\n', text.Split('\n').Where(line => !line.StartsWith("{\"level\"", StringComparison.Ordinal)).Select(Normalise)), '\n');

    private string Place(string url) =>
        cluster.Members.FirstOrDefault(member => member.PeerUrl == url)?.MemberName ?? "new";

    private static string Sorted(string text, char separator) =>
        string.Join(separator, text.Split(separator).Select(line => line.Trim()).Where(line => line.Length > 0).Order(StringComparer.Ordinal));

    [GeneratedRegex(" {2,}|-{2,}")]
    private static partial Regex Padding();

    [GeneratedRegex("[0-9.]+(ms|µs|Âµs|s)\\b")]
    private static partial Regex Seconds();

    [GeneratedRegex("ETCD_INITIAL_CLUSTER=\"(.*)\"")]
    private static partial Regex InitialCluster();

    [GeneratedRegex("[0-9.]+ [kMG]?B\\b")]
    private static partial Regex Size();

    [GeneratedRegex("\\b3\\.[0-9]+\\.[0-9]+\\b")]
    private static partial Regex Version();

    // Behind whether it leads and whether it learns: term, index, applied index.
    [GeneratedRegex("((?:true|false)[ |,]+(?:true|false)[ |,]+)[0-9]+([ |,]+)[0-9]+([ |,]+)[0-9]+")]
    private static partial Regex Indexes();

    // What depends on the version, or on what was written to the log and how.
    [GeneratedRegex("(\"?(?:version|Version|dbSize(?:InUse|Quota)?|raftIndex|raftAppliedIndex|raft_term|raftTerm|DBSize(?:InUse)?|RaftIndex|RaftAppliedIndex|RaftTerm|took)\"? ?: ?)\"?[0-9a-zµÂ.]+\"?")]
    private static partial Regex Variable();
}
