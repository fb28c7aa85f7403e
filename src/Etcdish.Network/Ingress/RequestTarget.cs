namespace Etcdish.Network.Ingress;

/// <summary>The target of a request (RFC 9112 §3.2) as an endpoint reads it: path and query, as the client wrote them.</summary>
internal static class RequestTarget
{
    /// <summary>The target that asks for nothing but the server itself, by OPTIONS.</summary>
    public const string Server = "*";

    /// <summary>Path and query of a target; null: it has characters that two parties may read differently, and is not passed on.</summary>
    /// <param name="target">In origin form, such as <c>/a?b</c>, or in absolute form, such as <c>http://host/a?b</c>.</param>
    public static string? PathOf(string target)
    {
        if (HasDoubtful(target))
        {
            return null;
        }

        if (target is ['/', ..])
        {
            return target;
        }

        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
        {
            return null;
        }

        var authority = target.AsSpan(scheme + "://".Length);
        var end = authority.IndexOfAny('/', '?');
        return end < 0 ? "/" : authority[end] == '/' ? authority[end..].ToString() : $"/{authority[end..]}";
    }

    /// <summary>A lone CR ends the line for some; # ends the path for some. Neither belongs into a target.</summary>
    private static bool HasDoubtful(string target)
    {
        foreach (var character in target)
        {
            if (character is <= ' ' or '#' or >= '\x7f')
            {
                return true;
            }
        }

        return false;
    }
}
