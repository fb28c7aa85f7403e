using System.Net;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>The file in which a machine keeps its name servers (resolv.conf(5)).</summary>
internal static class ResolvConf
{
    /// <summary>The port of name servers.</summary>
    public const int DnsPort = 53;

    /// <summary>The name servers that the file says, in its order; none if there is no file.</summary>
    public static IReadOnlyList<IPEndPoint> Read(string path) => File.Exists(path) ? Parse(File.ReadAllText(path)) : [];

    /// <summary>The name servers that a text says.</summary>
    public static IReadOnlyList<IPEndPoint> Parse(string text)
    {
        List<IPEndPoint> servers = [];
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && IPAddress.TryParse(address, out var server))
            {
                servers.Add(new IPEndPoint(server, DnsPort));
            }
        }

        return servers;
    }
}
