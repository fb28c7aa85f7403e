using System.Text;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Containers;

/// <summary>A pod's <c>/etc/hosts</c>.</summary>
internal static class HostsFile
{
    private const UnixFileMode ReadByAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>The file of a pod with a network of its own.</summary>
    public static string Managed(IReadOnlyList<string> addresses, PodHostname hostname, IReadOnlyList<HostAliasManifest> aliases)
    {
        var text = new StringBuilder(
            """
            # Kubernetes-managed hosts file.
            127.0.0.1	localhost
            ::1	localhost ip6-localhost ip6-loopback
            fe00::0	ip6-localnet
            fe00::0	ip6-mcastprefix
            fe00::1	ip6-allnodes
            fe00::2	ip6-allrouters

            """);
        foreach (var address in addresses)
        {
            text.Append(address).Append('\t');
            if (hostname.Domain.Length > 0)
            {
                text.Append(hostname.Name).Append('.').Append(hostname.Domain).Append('\t');
            }

            text.Append(hostname.Name).Append('\n');
        }

        return Append(text, aliases);
    }

    /// <summary>The file of a pod in the node's network: what the node has, and the pod's own entries.</summary>
    public static string OfNode(string nodeFile, IReadOnlyList<HostAliasManifest> aliases) =>
        Append(new StringBuilder("# Kubernetes-managed hosts file (host network).\n").Append(nodeFile), aliases);

    /// <summary>Writes a file in place: containers that run see the file, not its name. What has not changed is not touched.</summary>
    public static void Write(string path, string content)
    {
        if (File.Exists(path) && File.ReadAllText(path) == content)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, ReadByAll);
    }

    private static string Append(StringBuilder text, IReadOnlyList<HostAliasManifest> aliases)
    {
        if (aliases.Count > 0)
        {
            text.Append("\n# Entries added by HostAliases.\n");
        }

        foreach (var alias in aliases)
        {
            text.Append(alias.Ip).Append('\t').AppendJoin('\t', alias.Hostnames).Append('\n');
        }

        return text.ToString();
    }
}
