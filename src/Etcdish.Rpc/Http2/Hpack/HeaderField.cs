using System.Buffers;
using System.Text;

namespace Etcdish.Rpc.Http2;

/// <summary>
/// One header of a request or response, immutable. Entries of the tables of HPACK are such fields, and everything about them is found out
/// when they are made: a field named by its index costs neither memory nor a look at its text. Bytes of 0x80 and above are Latin-1.
/// </summary>
internal sealed class HeaderField
{
    // RFC 7541, section 4.1: what an entry is taken to cost beyond its text.
    private const int EntryOverhead = 32;

    // The token characters of RFC 9110, section 5.6.2, without upper case, which HTTP/2 forbids.
    private static readonly SearchValues<char> _nameChars = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> _forbiddenInValues = SearchValues.Create("\0\r\n");

    /// <summary>Makes a field.</summary>
    /// <param name="name">Its name as it was sent.</param>
    /// <param name="value">Its value as it was sent.</param>
    public HeaderField(string name, string value)
    {
        Name = name;
        Value = value;
        Known = KnownHeaders.Find(name);
        IsNameValid = KnownHeaders.IsPseudo(Known) || IsToken(name);
        IsValueValid = IsValidValue(value);
    }

    private HeaderField(HeaderField named, string value)
    {
        Name = named.Name;
        Value = value;
        Known = named.Known;
        IsNameValid = named.IsNameValid;
        IsValueValid = IsValidValue(value);
    }

    /// <summary>The name as it was sent: in lower case, unless <see cref="IsNameValid"/> is false.</summary>
    public string Name { get; }

    /// <summary>The value as it was sent.</summary>
    public string Value { get; }

    /// <summary>Which of the known headers it is, by its name.</summary>
    public KnownHeader Known { get; }

    /// <summary>Whether the name is a token without upper case, or a pseudo header; where that may stand is not judged.</summary>
    public bool IsNameValid { get; }

    /// <summary>Whether the value is free of NUL, CR and LF (RFC 9113, section 8.2.1).</summary>
    public bool IsValueValid { get; }

    /// <summary>Bytes it counts in a table (RFC 7541, section 4.1) and in a header list (RFC 9113, section 6.5.2).</summary>
    public int Size => Name.Length + Value.Length + EntryOverhead;

    /// <summary>A field of the same name.</summary>
    public HeaderField WithValue(string value) => new(this, value);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Value}";

    /// <summary>Whether a text can be a header's value: no NUL, CR or LF.</summary>
    internal static bool IsValidValue(ReadOnlySpan<char> value) => !value.ContainsAny(_forbiddenInValues);

    /// <summary>Whether a text consists of these bytes. Anything but ASCII counts as different, which costs a copy and no error.</summary>
    internal static bool IsText(string text, ReadOnlySpan<byte> bytes) => Ascii.Equals(bytes, text);

    private static bool IsToken(ReadOnlySpan<char> name) => name.Length > 0 && !name.ContainsAnyExcept(_nameChars);
}
