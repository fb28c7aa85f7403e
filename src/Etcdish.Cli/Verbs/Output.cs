using System.Globalization;
using Google.Protobuf;

namespace Etcdish.Cli.Verbs;

/// <summary>Writes bytes as they are: keys and values need not be text.</summary>
internal static class Output
{
    public static void WriteLine(Stream output, ByteString bytes)
    {
        output.Write(bytes.Span);
        output.WriteByte((byte)'\n');
    }

    /// <summary>A lease's ID, which etcd's tools write in hexadecimal.</summary>
    public static string Hex(long id) => id.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Reads a lease's ID in hexadecimal.</summary>
    public static long ParseHex(string text) =>
        long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long id)
            ? id
            : throw new CommandException($"\"{text}\" is not a lease ID in hexadecimal");
}
