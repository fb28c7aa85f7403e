namespace Etcdish.ApiServer.Streaming;

/// <summary>What a proxied request names: an object, and how to speak with it.</summary>
/// <param name="Scheme">http or https; empty if none was named.</param>
/// <param name="Name">The object.</param>
/// <param name="Port">Name or number of its port; empty if none was named.</param>
internal readonly record struct SchemeNamePort(string Scheme, string Name, string Port)
{
    /// <summary>Reads <c>NAME</c>, <c>NAME:PORT</c> or <c>SCHEME:NAME:PORT</c>, where scheme and port may be empty.</summary>
    public static bool TryParse(string text, out SchemeNamePort result)
    {
        result = text.Split(':') switch
        {
            [var name] => new SchemeNamePort("", name, ""),
            [var name, var port] => new SchemeNamePort("", name, port),
            ["" or "http" or "https", var name, var port] =>
                new SchemeNamePort(text[..text.IndexOf(':', StringComparison.Ordinal)], name, port),
            _ => default,
        };
        return result.Name is { Length: > 0 };
    }
}
