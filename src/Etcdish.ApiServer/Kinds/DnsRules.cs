using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>How the containers of a pod find names.</summary>
internal static class DnsRules
{
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchText = 2048;

    private const string BadSearch = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', "
        + "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')";

    /// <summary>The names that a pod's containers know, and whom they ask for others.</summary>
    public static void Check(CheckedField spec)
    {
        foreach (var alias in spec["hostAliases"].Items)
        {
            alias["ip"].Address();
            foreach (var name in alias["hostnames"].Items)
            {
                name.Check(NameRules.Dns1123Subdomain);
            }
        }

        var config = spec["dnsConfig"];
        var servers = config["nameservers"];
        if (spec["dnsPolicy"].Text == "None" && servers.Count == 0)
        {
            if (config.IsSet)
            {
                servers.Required("must provide at least one DNS nameserver when `dnsPolicy` is None");
            }
            else
            {
                config.Required("must provide `dnsConfig` when `dnsPolicy` is None");
            }

            return;
        }

        CheckServers(servers);
        CheckSearches(config["searches"]);
        foreach (var option in config["options"].Items)
        {
            if (!option["name"].HasText)
            {
                option.Required("must not be empty");
            }
        }
    }

    private static void CheckServers(CheckedField servers)
    {
        if (servers.Count > MaxServers)
        {
            servers.Invalid($"must not have more than {MaxServers} nameservers");
        }

        foreach (var server in servers.Items)
        {
            server.Address();
        }
    }

    private static void CheckSearches(CheckedField searches)
    {
        if (searches.Count > MaxSearches)
        {
            searches.Invalid($"must not have more than {MaxSearches} search paths");
        }

        var length = searches.Count - 1;
        foreach (var search in searches.Items)
        {
            length += search.Text.Length;
            if (search.Text == ".")
            {
                continue;
            }

            // Unlike in names of objects, an underscore is a letter here.
            var name = search.Text.EndsWith('.') ? search.Text[..^1] : search.Text;
            if (NameRules.Dns1123Subdomain(name.Replace('_', 'a')).Count > 0)
            {
                search.Invalid(BadSearch, name);
            }
        }

        if (length > MaxSearchText)
        {
            searches.Invalid($"must not have more than {MaxSearchText} characters (including spaces) in the search list");
        }
    }
}
