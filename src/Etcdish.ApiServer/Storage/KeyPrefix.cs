using System.Text;

namespace Etcdish.ApiServer.Storage;

/// <summary>Prefixes as ranges of keys.</summary>
internal static class KeyPrefix
{
    /// <summary>The first key behind a prefix: "/" is followed by "0".</summary>
    public static byte[] End(string prefix)
    {
        if (!prefix.EndsWith('/'))
        {
            throw new ArgumentException($"the prefix \"{prefix}\" does not end in \"/\"", nameof(prefix));
        }

        var end = Encoding.UTF8.GetBytes(prefix);
        end[^1]++;
        return end;
    }
}
