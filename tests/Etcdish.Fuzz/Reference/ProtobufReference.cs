using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;

namespace Etcdish.Fuzz.Reference;

/// <summary>
/// What Google's parser makes of the bytes, and which differences in taking or refusing them are as they should be:
/// <list type="bullet">
/// <item>Google's C# parser drops the upper bits of a varint that is too long for its field; we refuse it, as Go does. Such a varint has at
/// least four bytes with the top bit in a row.</item>
/// <item>Google's parser counts the nesting of groups in another way than we do; both have a limit of about a hundred.</item>
/// </list>
/// </summary>
internal static class ProtobufReference
{
    private const int RowOfLongVarint = 4;

    /// <summary>Parses and drops unknown fields.</summary>
    public static T Parse<T>(MessageParser<T> parser, byte[] input)
        where T : IMessage<T>
    {
        // A parser that drops unknown fields takes fields of the wire types 6 and 7, which do not exist; one that keeps them does not.
        _ = parser.ParseFrom(input);
        return parser.WithDiscardUnknownFields(true).ParseFrom(input);
    }

    /// <summary>Parses, or tells why not.</summary>
    /// <param name="parse">Parses, and throws what Google's parser throws.</param>
    /// <param name="message">What came of it.</param>
    /// <param name="isTooDeep">Whether it was refused for its nesting.</param>
    public static bool TryParse<T>(Func<T> parse, [MaybeNullWhen(false)] out T message, out bool isTooDeep)
    {
        isTooDeep = false;
        try
        {
            message = parse();
            return true;
        }
        catch (Exception refusal) when (IsRefusal(refusal))
        {
            isTooDeep = refusal is TooDeepException || refusal.Message.Contains("nesting", StringComparison.Ordinal);
            message = default;
            return false;
        }
    }

    /// <summary>Whether Google's parser may have taken what we refuse.</summary>
    public static bool MayHoldLongVarint(ReadOnlySpan<byte> input)
    {
        var row = 0;
        foreach (var next in input)
        {
            row = next >= 0x80 ? row + 1 : 0;
            if (row >= RowOfLongVarint)
            {
                return true;
            }
        }

        return false;
    }

    // The last two escape from Google's parser when a length close to 2 GiB overflows its arithmetic.
    private static bool IsRefusal(Exception exception) =>
        exception is InvalidProtocolBufferException or TooDeepException or IndexOutOfRangeException or ArgumentOutOfRangeException;
}

/// <summary>Transactions nested deeper than we decode them.</summary>
internal sealed class TooDeepException : Exception;
