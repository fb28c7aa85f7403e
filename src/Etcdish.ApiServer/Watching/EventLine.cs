using System.Buffers;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Watching;

/// <summary>Writes the lines of a watch: <c>{"type":"ADDED","object":{...}}</c>.</summary>
internal static class EventLine
{
    public static void Write(IBufferWriter<byte> output, EventKind kind, ReadOnlySpan<byte> stored, long revision)
    {
        Begin(output, Word(kind));
        ObjectBytes.Write(output, stored, revision);
        End(output);
    }

    public static ReadOnlySpan<byte> Word(EventKind kind) => kind switch
    {
        EventKind.Added => "ADDED"u8,
        EventKind.Modified => "MODIFIED"u8,
        _ => "DELETED"u8,
    };

    public static void Begin(IBufferWriter<byte> output, ReadOnlySpan<byte> type)
    {
        output.Write("{\"type\":\""u8);
        output.Write(type);
        output.Write("\",\"object\":"u8);
    }

    public static void End(IBufferWriter<byte> output) => output.Write("}\n"u8);
}
