using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Containers;

/// <summary>Reads a resolver file (resolv.conf).</summary>
internal static class ResolverFile
{
    private static readonly char[] _blanks = [' ', '\t', '\r'];

    /// <summary>What a file says; of searches and options the last line counts.</summary>
    public static ResolverSettings Parse(string text)
    {
        var (servers, searches, options) = (new List<string>(), Array.Empty<string>(), Array.Empty<string>());
        foreach (var line in text.Split('\n'))
        {
            switch (line.Split(_blanks, StringSplitOptions.RemoveEmptyEntries))
            {
                case ["nameserver", var server, ..]:
                    servers.Add(server);
                    break;
                case ["search", .. var domains]:
                    // With and without the dot at its end it is the same domain, and must not count twice. The root alone stays.
                    searches = [.. domains.Select(domain => domain == "." ? domain : domain.TrimEnd('.'))];
                    break;
                case ["options", .. var said]:
                    options = said;
                    break;
                default:
                    break;
            }
        }

        return new ResolverSettings(servers, searches, options);
    }
}
