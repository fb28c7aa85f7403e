namespace Etcdish.Network.Ingress;

/// <summary>Names of hosts, as rules and certificates are found by them.</summary>
internal static class HostNames
{
    /// <summary>How long a name can be (RFC 1035 §2.3.4).</summary>
    public const int MaxLength = 255;

    /// <summary>A name without the dot of the root at its end.</summary>
    public static ReadOnlySpan<char> WithoutDot(ReadOnlySpan<char> host) => host is [.. var name, '.'] ? name : host;

    /// <summary><c>*.b.c</c> of <c>a.b.c</c>: a wildcard stands for one label. Empty if the name has only one, or is none.</summary>
    public static ReadOnlySpan<char> ToWildcard(ReadOnlySpan<char> host, Span<char> space)
    {
        var dot = host.IndexOf('.');
        if (dot <= 0 || host.Length - dot + 1 > space.Length)
        {
            return [];
        }

        space[0] = '*';
        host[dot..].CopyTo(space[1..]);
        return space[..(host.Length - dot + 1)];
    }
}
