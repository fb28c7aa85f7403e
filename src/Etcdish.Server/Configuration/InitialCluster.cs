using Etcdish.Cluster;

namespace Etcdish.Server.Configuration;

/// <summary>
/// The members that a cluster begins with, as <c>--initial-cluster</c> names them: name=peerURL pairs, a name once for each of its URLs.
/// Refusals are in etcd's words.
/// </summary>
internal sealed class InitialCluster
{
    private readonly SortedDictionary<string, List<EtcdUrl>> _members = new(StringComparer.Ordinal);

    /// <summary>Reads the text of the flag.</summary>
    /// <exception cref="OptionException">It is not such a list.</exception>
    public InitialCluster(string text)
    {
        HashSet<EtcdUrl> seen = [];
        foreach (string pair in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? pair : pair[..equals];
            Demand(equals >= 0 && equals < pair.Length - 1, $"empty URL given for \"{name}\"");
            EtcdUrl url = Url(pair[(equals + 1)..]);
            Demand(seen.Add(url), $"initial cluster {text} has duplicate url");
            UrlsOf(name).Add(url);
        }
    }

    /// <summary>Number of members.</summary>
    public int Count => _members.Count;

    /// <summary>Throws unless this member is named, with the URLs that it advertises.</summary>
    /// <exception cref="OptionException">It is not.</exception>
    public void Check(string name, IReadOnlyList<EtcdUrl> advertised)
    {
        Demand(
            _members.TryGetValue(name, out List<EtcdUrl>? urls),
            $"couldn't find local name \"{name}\" in the initial cluster configuration");
        EtcdUrl[] hidden = [.. urls!.Except(advertised)];
        Demand(
            hidden.Length == 0,
            $"--initial-cluster has {Pairs(name, hidden)} but missing from --initial-advertise-peer-urls={string.Join(',', advertised)}");
        EtcdUrl[] unnamed = [.. advertised.Except(urls!)];
        Demand(
            unnamed.Length == 0,
            $"--initial-advertise-peer-urls has {string.Join(',', unnamed.AsEnumerable())}"
                + $" but missing from --initial-cluster={Pairs(name, urls!)}");
    }

    /// <summary>The members with the ids that etcd gives them.</summary>
    public IReadOnlyList<ClusterMember> Members(string token) =>
    [
        .. _members.Select(member =>
        {
            string[] urls = [.. member.Value.Select(url => url.ToString()).Order(StringComparer.Ordinal)];
            return new ClusterMember(MemberIdentity.MemberId(urls, token), member.Key, urls, []);
        }),
    ];

    private static EtcdUrl Url(string text)
    {
        try
        {
            return EtcdUrl.Parse(text);
        }
        catch (FormatException e)
        {
            throw new OptionException($"invalid value for --initial-cluster: {e.Message}");
        }
    }

    private static string Pairs(string name, IEnumerable<EtcdUrl> urls) => string.Join(',', urls.Select(url => $"{name}={url}"));

    private static void Demand(bool condition, string message)
    {
        if (!condition)
        {
            throw new OptionException(message);
        }
    }

    private List<EtcdUrl> UrlsOf(string name)
    {
        if (!_members.TryGetValue(name, out List<EtcdUrl>? urls))
        {
            urls = [];
            _members.Add(name, urls);
        }

        return urls;
    }
}
