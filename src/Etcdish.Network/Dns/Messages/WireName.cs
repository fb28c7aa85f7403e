using System.Text;

namespace Etcdish.Network.Dns.Messages;

/// <summary>
/// Names as they are in messages (RFC 1035 §3.1): labels, each behind a byte with its length, and the root's empty label at the end. Names
/// are kept and compared in this form, in lower case. A length is at most 63 and no letter is below 65, so the lengths may be lowered along
/// with the letters.
/// </summary>
internal static class WireName
{
    /// <summary>The most bytes that a name has, its end included.</summary>
    public const int MaxBytes = 255;

    /// <summary>The most bytes that a label has.</summary>
    public const int MaxLabelBytes = 63;

    private const int PointerMark = 0xC0;

    /// <summary>
    /// Reads a name, pointers followed, with its letters as they are. A pointer must lead to a place before the part of the name that it
    /// ends, so that every name comes to an end.
    /// </summary>
    /// <param name="message">The whole message.</param>
    /// <param name="offset">Where the name begins; afterwards, what follows it.</param>
    /// <param name="name">Gets the name; at least <see cref="MaxBytes"/>.</param>
    /// <param name="length">How long it is.</param>
    /// <returns>Whether there is one.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int offset, Span<byte> name, out int length)
    {
        length = 0;
        var (at, next, barrier) = (offset, -1, offset);
        while ((uint)at < (uint)message.Length)
        {
            int size = message[at];
            if (size <= MaxLabelBytes)
            {
                if (at + 1 + size > message.Length || length + 1 + size > MaxBytes)
                {
                    return false;
                }

                message.Slice(at, size + 1).CopyTo(name[length..]);
                length += size + 1;
                at += size + 1;
                if (size == 0)
                {
                    offset = next < 0 ? at : next;
                    return true;
                }
            }
            else
            {
                if (size < PointerMark || at + 1 >= message.Length)
                {
                    return false;
                }

                next = next < 0 ? at + 2 : next;
                at = ((size & 0x3F) << 8) | message[at + 1];
                if (at >= barrier || at < DnsHeader.Bytes)
                {
                    return false;
                }

                barrier = at;
            }
        }

        return false;
    }

    /// <summary>Makes all letters small.</summary>
    public static void Lower(Span<byte> name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] is >= (byte)'A' and <= (byte)'Z')
            {
                name[i] |= 0x20;
            }
        }
    }

    /// <summary>Whether a name is another one or below it; both in lower case.</summary>
    public static bool IsWithin(ReadOnlySpan<byte> name, ReadOnlySpan<byte> parent)
    {
        while (name.Length > parent.Length)
        {
            name = Parent(name);
        }

        return name.SequenceEqual(parent);
    }

    /// <summary>The name without its first label; not for the root.</summary>
    public static ReadOnlySpan<byte> Parent(ReadOnlySpan<byte> name) => name[(name[0] + 1)..];

    /// <summary>The bytes of the name that begins a text of names one behind the other.</summary>
    public static int LengthOf(ReadOnlySpan<byte> names)
    {
        var at = 0;
        while (names[at] != 0)
        {
            at += names[at] + 1;
        }

        return at + 1;
    }

    /// <summary>The name that a text says, with or without a point at its end; in lower case.</summary>
    /// <exception cref="FormatException">It is no name: a label is empty or too long, or all is.</exception>
    public static byte[] Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"\"{text}\" is no domain name");

    /// <summary>As <see cref="Parse"/>, without the exception.</summary>
    public static bool TryParse(string text, out byte[] name)
    {
        var labels = text.TrimEnd('.') is { Length: > 0 } trimmed && text.Length - trimmed.Length <= 1 ? trimmed.Split('.') : [];
        name = new byte[labels.Sum(label => Encoding.UTF8.GetByteCount(label) + 1) + 1];
        var at = 0;
        foreach (var label in labels)
        {
            var size = Encoding.UTF8.GetBytes(label, name.AsSpan(at + 1));
            if (size is 0 or > MaxLabelBytes)
            {
                return false;
            }

            name[at] = (byte)size;
            at += size + 1;
        }

        Lower(name);
        return name.Length <= MaxBytes && (labels.Length > 0 || text == ".");
    }

    /// <summary>A name below another one.</summary>
    /// <param name="label">Its first label.</param>
    /// <param name="parent">All behind that.</param>
    /// <exception cref="FormatException">The label or the name is too long.</exception>
    public static byte[] Below(string label, byte[] parent)
    {
        var size = Encoding.UTF8.GetByteCount(label);
        if (size is 0 or > MaxLabelBytes || size + 1 + parent.Length > MaxBytes)
        {
            throw new FormatException($"\"{label}\" is no label of a domain name below {ToText(parent)}");
        }

        var name = new byte[size + 1 + parent.Length];
        name[0] = (byte)size;
        Encoding.UTF8.GetBytes(label, name.AsSpan(1));
        parent.CopyTo(name, size + 1);
        Lower(name);
        return name;
    }

    /// <summary>The name as people write it, with a point at its end.</summary>
    public static string ToText(ReadOnlySpan<byte> name)
    {
        if (name.Length <= 1)
        {
            return ".";
        }

        var text = new StringBuilder(name.Length);
        for (; name[0] != 0; name = Parent(name))
        {
            text.Append(Encoding.Latin1.GetString(name.Slice(1, name[0]))).Append('.');
        }

        return text.ToString();
    }
}
