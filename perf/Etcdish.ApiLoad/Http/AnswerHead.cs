using System.Text;

namespace Etcdish.ApiLoad.Http;

/// <summary>What of an answer's head counts.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Length">Bytes of the body, or null if it comes in chunks.</param>
internal readonly record struct AnswerHead(int Status, long? Length)
{
    /// <exception cref="IOException">It is no head of HTTP/1.1.</exception>
    public static AnswerHead Parse(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1.1 "u8) || head.Length < 12 || !int.TryParse(head.Slice(9, 3), out int status))
        {
            throw new IOException($"no answer of HTTP/1.1: {Encoding.ASCII.GetString(head[..Math.Min(head.Length, 80)])}");
        }

        ReadOnlySpan<byte> name = "\r\nContent-Length: "u8;
        int at = head.IndexOf(name);
        if (at < 0)
        {
            return new AnswerHead(status, null);
        }

        ReadOnlySpan<byte> rest = head[(at + name.Length)..];
        int end = rest.IndexOf((byte)'\r');
        return new AnswerHead(status, long.Parse(end < 0 ? rest : rest[..end]));
    }
}
