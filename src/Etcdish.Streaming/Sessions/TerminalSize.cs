using System.Text.Json;

namespace Etcdish.Streaming.Sessions;

/// <summary>The size of a client's terminal, in characters.</summary>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct TerminalSize(ushort Width, ushort Height)
{
    // A size in JSON has some thirty bytes.
    private const int MostBytes = 256;

    /// <summary>
    /// Reads sizes, JSON objects one behind the other, until the stream's end or something that is no size, and then reads on without
    /// looking at it: nobody else would, and it must not hold up the connection.
    /// </summary>
    internal static async Task ReadAllAsync(Stream stream, Action<TerminalSize> onSize)
    {
        var buffer = new byte[MostBytes];
        var filled = 0;
        while (await stream.ReadAsync(buffer.AsMemory(filled)) is > 0 and var count)
        {
            filled += count;
            while (buffer.AsSpan(0, filled).IndexOf((byte)'}') is >= 0 and var end)
            {
                if (!TryParse(buffer.AsSpan(0, end + 1), out var size))
                {
                    stream.Dispose();
                    return;
                }

                onSize(size);
                buffer.AsSpan(end + 1, filled - end - 1).CopyTo(buffer);
                filled -= end + 1;
            }

            if (filled == buffer.Length)
            {
                stream.Dispose();
                return;
            }
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> json, out TerminalSize size)
    {
        try
        {
            size = JsonSerializer.Deserialize<TerminalSize>(json, JsonSerializerOptions.Web);
            return true;
        }
        catch (JsonException)
        {
            size = default;
            return false;
        }
    }
}
