namespace Etcdish.ApiServer.Http;

/// <summary>A media type with its parameters, as headers carry them.</summary>
internal sealed class MediaType
{
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private MediaType(string name) => Name = name;

    /// <summary>Type and subtype in lower case.</summary>
    public string Name { get; }

    /// <summary>A parameter's value; empty if it is absent.</summary>
    public string this[string parameter] => _parameters.GetValueOrDefault(parameter, "");

    /// <summary>Reads one media type.</summary>
    public static MediaType Parse(ReadOnlySpan<char> text)
    {
        var semicolon = text.IndexOf(';');
#pragma warning disable CA1308 // Media types are written in lower case.
        var type = new MediaType((semicolon < 0 ? text : text[..semicolon]).Trim().ToString().ToLowerInvariant());
#pragma warning restore CA1308
        while (semicolon >= 0)
        {
            text = text[(semicolon + 1)..];
            semicolon = text.IndexOf(';');
            var pair = (semicolon < 0 ? text : text[..semicolon]).Trim();
            var equals = pair.IndexOf('=');
            if (equals > 0)
            {
                type._parameters[pair[..equals].Trim().ToString()] = pair[(equals + 1)..].Trim().Trim('"').ToString();
            }
        }

        return type;
    }

    /// <summary>Reads the entries of an Accept header; none if it is empty.</summary>
    public static IEnumerable<MediaType> ParseList(string text)
    {
        foreach (var entry in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            yield return Parse(entry);
        }
    }
}
