using System.Buffers;

namespace Etcdish.Kubelet.Images;

/// <summary>
/// The grammar of registries' tools: <c>[registry/]component{/component}[:tag][@digest]</c>. Read by hand and once from left to right: names
/// come from whoever may make pods and may be of any length, and the tables of a regular expression that is safe then take megabytes.
/// </summary>
/// <param name="Name">Registry and components.</param>
/// <param name="Tag">The tag, or empty.</param>
/// <param name="Digest">The digest, or empty.</param>
internal readonly record struct ImageReference(string Name, string Tag, string Digest)
{
    private const int LongestTag = 128;
    private const int ShortestHash = 32;
    private const int IdentifierLength = 64;

    private const string Digits = "0123456789";
    private const string Lower = "abcdefghijklmnopqrstuvwxyz" + Digits;
    private const string Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZ" + Lower;

    private static readonly SearchValues<char> _digits = SearchValues.Create(Digits);
    private static readonly SearchValues<char> _hexadecimal = SearchValues.Create(Digits + "abcdefABCDEF");
    private static readonly SearchValues<char> _lowerHexadecimal = SearchValues.Create(Digits + "abcdef");
    private static readonly SearchValues<char> _address = SearchValues.Create(Digits + "abcdefABCDEF:");
    private static readonly SearchValues<char> _lower = SearchValues.Create(Lower);
    private static readonly SearchValues<char> _alphanumeric = SearchValues.Create(Alphanumeric);
    private static readonly SearchValues<char> _label = SearchValues.Create(Alphanumeric + "-");
    private static readonly SearchValues<char> _tag = SearchValues.Create(Alphanumeric + "_.-");

    /// <summary>Takes a reference apart; null: it is none.</summary>
    public static ImageReference? Parse(string text)
    {
        var at = text.IndexOf('@');
        var digest = at < 0 ? "" : text[(at + 1)..];
        var rest = at < 0 ? text : text[..at];
        var colon = rest.LastIndexOf(':');
        var hasTag = colon > rest.LastIndexOf('/');
        var tag = hasTag ? rest[(colon + 1)..] : "";
        var name = hasTag ? rest[..colon] : rest;
        return IsName(name) && (!hasTag || IsTag(tag)) && (at < 0 || IsDigest(digest)) ? new ImageReference(name, tag, digest) : null;
    }

    /// <summary>Whether it looks like the id of an image, which is never taken for a name.</summary>
    public static bool IsIdentifier(string text) => text.Length == IdentifierLength && Holds(text, _lowerHexadecimal);

    private static bool Holds(ReadOnlySpan<char> text, SearchValues<char> allowed) => !text.IsEmpty && !text.ContainsAnyExcept(allowed);

    private static bool IsName(ReadOnlySpan<char> name)
    {
        var isFirst = true;
        foreach (var part in name.Split('/'))
        {
            var component = name[part];
            var mayBeRegistry = isFirst && component.Length < name.Length;
            if (!IsComponent(component) && !(mayBeRegistry && IsRegistry(component)))
            {
                return false;
            }

            isFirst = false;
        }

        return true;
    }

    /// <summary>Runs of lower case letters and digits, with <c>.</c>, <c>_</c>, <c>__</c> or any number of <c>-</c> between two.</summary>
    private static bool IsComponent(ReadOnlySpan<char> text)
    {
        while (true)
        {
            var end = text.IndexOfAnyExcept(_lower);
            if (end <= 0)
            {
                return end < 0 && !text.IsEmpty;
            }

            text = text[end..];
            var separator = text[0] == '-' ? text.IndexOfAnyExcept('-') : text.StartsWith("__") ? 2 : text[0] is '.' or '_' ? 1 : -1;
            if (separator < 0)
            {
                return false;
            }

            text = text[separator..];
        }
    }

    /// <summary>A host's name, or an address of IPv6 in brackets, and perhaps a port.</summary>
    private static bool IsRegistry(ReadOnlySpan<char> text)
    {
        var isAddress = text[0..Math.Min(1, text.Length)] is "[";
        var end = isAddress ? text.IndexOf(']') + 1 : text.IndexOf(':');
        var host = end < 0 ? text : text[..end];
        var port = text[host.Length..];
        return (port.IsEmpty || (port[0] == ':' && Holds(port[1..], _digits)))
            && (isAddress ? host.Length > 2 && Holds(host[1..^1], _address) : IsHost(host));
    }

    private static bool IsHost(ReadOnlySpan<char> host)
    {
        foreach (var part in host.Split('.'))
        {
            var label = host[part];
            if (!Holds(label, _label) || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsTag(ReadOnlySpan<char> tag) => tag.Length <= LongestTag && Holds(tag, _tag) && tag[0] is not ('.' or '-');

    /// <summary><c>algorithm:hash</c>: words that begin with a letter, with one of <c>-_+.</c> between, and 32 digits at least.</summary>
    private static bool IsDigest(ReadOnlySpan<char> digest)
    {
        var colon = digest.IndexOf(':');
        if (colon < 0 || digest.Length - colon - 1 < ShortestHash || !Holds(digest[(colon + 1)..], _hexadecimal))
        {
            return false;
        }

        var algorithm = digest[..colon];
        foreach (var part in algorithm.SplitAny("-_+."))
        {
            var word = algorithm[part];
            if (!Holds(word, _alphanumeric) || !char.IsAsciiLetter(word[0]))
            {
                return false;
            }
        }

        return true;
    }
}
