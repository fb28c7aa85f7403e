using System.Globalization;
using System.Text;
using Etcdish.Checkers;
using Etcdish.Store;

namespace Etcdish.Simulation;

/// <summary>
/// Keys and values as histories have them, short texts, and as the store has them, bytes. A value's text names its padding ("v17_3000"), so
/// that long values need no long texts and a byte too many or too few shows.
/// </summary>
internal static class Texts
{
    private const byte Padding = (byte)'.';

    public static byte[] Key(string key) => Encoding.ASCII.GetBytes(key);

    public static byte[] RangeEnd(Checkers.KeyRange keys) => keys.IsSingleKey ? [] : Encoding.ASCII.GetBytes(keys.End!);

    public static byte[] Value(string text)
    {
        int padding = PaddingOf(text);
        byte[] value = new byte[text.Length + padding];
        Encoding.ASCII.GetBytes(text, value);
        value.AsSpan(text.Length).Fill(Padding);
        return value;
    }

    public static string Value(ReadOnlySpan<byte> value)
    {
        int end = value.IndexOf(Padding);
        string text = Encoding.ASCII.GetString(end < 0 ? value : value[..end]);
        bool isWhole = value.Length - text.Length == PaddingOf(text) && !value[text.Length..].ContainsAnyExcept(Padding);
        return isWhole ? text : $"mutilated {text}";
    }

    public static KeyValue KeyValue(KeyRevision version, IValueSource values, bool withValue = true) => new(
        Encoding.ASCII.GetString(version.Key),
        withValue ? ReadValue(version, values) : "",
        version.CreateRevision,
        version.ModRevision,
        version.Version,
        version.Lease);

    public static WatchEvent Event(KeyRevision change, IValueSource values) => change.IsTombstone
        ? WatchEvent.Delete(Encoding.ASCII.GetString(change.Key), change.ModRevision)
        : WatchEvent.Put(KeyValue(change, values));

    public static WatchEvent Event(EncodedEvent received, bool withPrevious)
    {
        KeyRevision change = received.Change;
        KeyValue? previous = withPrevious && received.Previous is { } before
            ? new KeyValue(
                Encoding.ASCII.GetString(before.Key),
                Value(received.PreviousValue.Span),
                before.CreateRevision,
                before.ModRevision,
                before.Version,
                before.Lease)
            : null;
        WatchEvent bare = change.IsTombstone
            ? WatchEvent.Delete(Encoding.ASCII.GetString(change.Key), change.ModRevision)
            : WatchEvent.Put(KeyValue(change, null!, withValue: false) with { Value = Value(received.Value.Span) });
        return bare with { PrevKv = previous };
    }

    private static string ReadValue(KeyRevision version, IValueSource values)
    {
        ValueReference place = version.Value;
        byte[] value = new byte[place.Length];
        values.Read(place, value);
        return Value(value);
    }

    private static int PaddingOf(string text)
    {
        int mark = text.IndexOf('_', StringComparison.Ordinal);
        return mark >= 0 && int.TryParse(text.AsSpan(mark + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int padding)
            ? padding
            : 0;
    }
}
