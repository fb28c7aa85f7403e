using System.Globalization;
using System.Text;

namespace Etcdish.Kubelet.Processes;

/// <summary>
/// Makes entries of CRI's log format of raw output: <c>2026-01-02T03:04:05.678901200Z stdout F text</c>. A line longer than
/// <see cref="MostBytes"/> becomes entries tagged P (partial) and a last one tagged F.
/// </summary>
internal static class CriLogWriter
{
    /// <summary>Most bytes of an entry's text.</summary>
    public const int MostBytes = 16 * 1024;

    /// <summary>Appends entries for what is complete.</summary>
    /// <param name="log">Takes them.</param>
    /// <param name="stream">stdout or stderr.</param>
    /// <param name="text">Raw output from the beginning of a line, or from the middle of one that is long.</param>
    /// <param name="at">When it was read.</param>
    /// <param name="isLast">Whether nothing follows: what has no newline is complete then.</param>
    /// <returns>How many bytes of the text are in the log.</returns>
    public static int Append(MemoryStream log, string stream, ReadOnlySpan<byte> text, DateTimeOffset at, bool isLast)
    {
        var prefix = Encoding.ASCII.GetBytes(
            at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z '", CultureInfo.InvariantCulture) + stream);
        var taken = 0;
        while (taken < text.Length)
        {
            var rest = text[taken..];
            var line = rest[..Math.Min(rest.Length, MostBytes + 1)].IndexOf((byte)'\n');
            if (line >= 0)
            {
                Append(log, prefix, " F "u8, rest[..line]);
                taken += line + 1;
            }
            else if (rest.Length > MostBytes)
            {
                Append(log, prefix, " P "u8, rest[..MostBytes]);
                taken += MostBytes;
            }
            else if (isLast)
            {
                Append(log, prefix, " F "u8, rest);
                taken += rest.Length;
            }
            else
            {
                break;
            }
        }

        return taken;
    }

    private static void Append(MemoryStream log, byte[] prefix, ReadOnlySpan<byte> tag, ReadOnlySpan<byte> text)
    {
        log.Write(prefix);
        log.Write(tag);
        log.Write(text);
        log.WriteByte((byte)'\n');
    }
}
