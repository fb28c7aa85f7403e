using System.Text;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// What stands before the text of an entry in a container's log: <c>2026-01-01T00:00:00.123456789Z stdout F </c>. The tag is F for the last
/// (mostly the only) entry of a line and P for the others; a runtime splits lines that are long or not ended. Further tags may follow
/// behind colons.
/// </summary>
internal readonly ref struct EntryHeader
{
    /// <summary>No header is longer, in bytes: a time with zone, a stream, and tags.</summary>
    public const int MaxLength = 128;

    private const int FractionAt = 19;
    private const int FractionDigits = 9;

    private EntryHeader(ReadOnlySpan<byte> time, bool isStderr, bool isPartial, int length)
    {
        Time = time;
        IsStderr = isStderr;
        IsPartial = isPartial;
        Length = length;
    }

    /// <summary>When it was written, as text.</summary>
    public ReadOnlySpan<byte> Time { get; }

    public bool IsStderr { get; }

    /// <summary>Whether the line goes on in a later entry.</summary>
    public bool IsPartial { get; }

    /// <summary>Bytes before the text.</summary>
    public int Length { get; }

    /// <summary>Reads the header of an entry, given the entry or the beginning of it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> entry, out EntryHeader header)
    {
        header = default;
        var timeEnd = entry.IndexOf((byte)' ');
        if (timeEnd <= FractionAt || entry[4] != '-' || entry[10] != 'T' || entry[13] != ':')
        {
            return false;
        }

        var rest = entry[(timeEnd + 1)..];
        var streamEnd = rest.IndexOf((byte)' ');
        if (streamEnd < 0 || !TryReadStream(rest[..streamEnd], out var isStderr))
        {
            return false;
        }

        var tags = rest[(streamEnd + 1)..];
        var tagsEnd = tags.IndexOf((byte)' ');
        if (tagsEnd < 1)
        {
            return false;
        }

        var isPartial = tags[0] == 'P' && (tagsEnd == 1 || tags[1] == ':');
        header = new EntryHeader(entry[..timeEnd], isStderr, isPartial, timeEnd + streamEnd + tagsEnd + 3);
        return true;
    }

    /// <summary>The time; false if it is none.</summary>
    public bool TryReadTime(out DateTimeOffset time)
    {
        time = default;
        Span<char> text = stackalloc char[MaxLength];
        var length = Encoding.ASCII.GetChars(Time, text);
        if (!TimeText.TryParse(text[..length], out var seconds, out var nanoseconds))
        {
            return false;
        }

        time = DateTimeOffset.FromUnixTimeSeconds(seconds).AddTicks(nanoseconds / TimeSpan.NanosecondsPerTick);
        return true;
    }

    /// <summary>Writes the time with nine digits of a fraction and a space, as <c>kubectl logs --timestamps</c> shows it.</summary>
    /// <returns>How many bytes it is; at most <see cref="MaxLength"/> and ten.</returns>
    public int CopyTime(Span<byte> target)
    {
        Time[..FractionAt].CopyTo(target);
        var rest = Time[FractionAt..];
        var digits = 0;
        if (rest.Length > 0 && rest[0] == '.')
        {
            digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            digits = digits < 0 ? rest.Length - 1 : digits;
        }

        var fraction = target.Slice(FractionAt, FractionDigits + 1);
        fraction.Fill((byte)'0');
        fraction[0] = (byte)'.';
        var zone = rest;
        if (digits > 0)
        {
            rest.Slice(1, Math.Min(digits, FractionDigits)).CopyTo(fraction[1..]);
            zone = rest[(1 + digits)..];
        }

        var length = FractionAt + fraction.Length;
        zone.CopyTo(target[length..]);
        length += zone.Length;
        target[length++] = (byte)' ';
        return length;
    }

    private static bool TryReadStream(ReadOnlySpan<byte> text, out bool isStderr)
    {
        isStderr = text.SequenceEqual("stderr"u8);
        return isStderr || text.SequenceEqual("stdout"u8);
    }
}
