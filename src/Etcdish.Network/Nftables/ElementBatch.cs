using System.Buffers.Binary;
using Etcdish.Network.Links;

namespace Etcdish.Network.Nftables;

/// <summary>
/// Commands that add and delete elements, as one transaction of the kernel's own language (nf_tables over netlink): what it costs does not
/// depend on how much else there is, since nothing is read.
/// </summary>
internal sealed class ElementBatch
{
    // A batch goes in one piece, which must have room in the socket's buffer; an attribute's length has 16 bits.
    private const int LongestBatch = 128 * 1024;
    private const int LongestList = 32 * 1024;

    private const int Subsystem = 10;
    private const int BatchBegin = 0x10;
    private const int BatchEnd = 0x11;
    private const int NewElements = Subsystem << 8 | 12;
    private const int DeleteElements = Subsystem << 8 | 14;
    private const int Create = 0x400;
    private const int ListTable = 1;
    private const int ListSet = 2;
    private const int ListElements = 3;
    private const int ListElement = 1;
    private const int ElementKey = 1;
    private const int ElementData = 2;
    private const int ElementUserData = 6;
    private const string CommentMark = " comment \"";

    private readonly NetlinkWriter _writer = new();
    private readonly List<string> _commands = [];
    private readonly uint _first;
    private int _last;

    private ElementBatch(uint first) => _first = first;

    /// <summary>How many messages it has.</summary>
    public int Count => _commands.Count + 2;

    /// <summary>
    /// Makes one of commands in nft's language. Null: they are not of elements only, or of elements of sets that are not known, or too many.
    /// </summary>
    /// <param name="commands">The commands.</param>
    /// <param name="forms">What is known of sets.</param>
    /// <param name="first">The number of its first message, by which answers to it are told from others.</param>
    public static ElementBatch? Compile(ReadOnlySpan<char> commands, SetForms forms, uint first)
    {
        var batch = new ElementBatch(first);
        batch.Mark(BatchBegin);
        foreach (var line in commands.EnumerateLines())
        {
            if (!line.IsEmpty && (batch._writer.Length > LongestBatch || !batch.TryAdd(line, forms)))
            {
                return null;
            }
        }

        batch._writer.AddFlag(batch._last, NetlinkWriter.Acknowledge);
        batch.Mark(BatchEnd);
        return batch._commands.Count > 0 && batch._writer.Length <= LongestBatch ? batch : null;
    }

    /// <summary>Has it carried out, all or nothing of it.</summary>
    /// <exception cref="IOException">The kernel refused, or it is not known whether it did.</exception>
    public void Send(NetlinkSocket socket)
    {
        socket.Send(_writer.Written);
        var isDone = false;
        while (socket.TryReceive(out var answer))
        {
            // Each answer comes by itself: an error number, then the header of what it is about.
            var number = BinaryPrimitives.ReadUInt32LittleEndian(answer[8..]) - _first;
            if (BinaryPrimitives.ReadUInt16LittleEndian(answer[4..]) != NetlinkWriter.ErrorMessage || number >= Count)
            {
                continue;
            }

            if (-BinaryPrimitives.ReadInt32LittleEndian(answer[16..]) is var errno and not 0)
            {
                throw NetlinkSocket.Failure($"nf_tables: {CommandOf((int)number)}", errno);
            }

            isDone = true;
        }

        if (!isDone)
        {
            throw new IOException("nf_tables did not say whether it has carried out a transaction");
        }
    }

    private string CommandOf(int number) => number >= 1 && number <= _commands.Count ? _commands[number - 1] : "a transaction";

    private void Mark(int type) => _writer.EndMessage(_writer.BeginMessage(
        type, NetlinkWriter.Request, _first + (uint)(type == BatchBegin ? 0 : _commands.Count + 1), family: 0, Subsystem));

    // add element ip kube-proxy endpoints { 10.96.0.7 . tcp . 80 . 1000 : 10.244.0.5 . 8080, ... }
    private bool TryAdd(ReadOnlySpan<char> line, SetForms forms)
    {
        var (begin, end) = (line.IndexOf('{'), line.LastIndexOf('}'));
        if (begin < 0 || end < begin
            || line[..begin].Trim().ToString().Split(' ') is not [var verb and ("add" or "delete"), "element", var family, var table, var set]
            || NumberOf(family) is not { } number
            || forms.Find($"{family} {table}", set) is not { } form)
        {
            return false;
        }

        var elements = line[(begin + 1)..end].Trim().ToString().Split(", ");
        for (var done = 0; done < elements.Length;)
        {
            _commands.Add($"{verb} element {family} {table} {set} {{ {elements[done]}{(elements.Length > 1 ? ", ..." : "")} }}");
            _last = _writer.BeginMessage(
                verb == "add" ? NewElements : DeleteElements,
                NetlinkWriter.Request | (verb == "add" ? Create : 0),
                _first + (uint)_commands.Count,
                number);
            _writer.Attribute(ListTable, table);
            _writer.Attribute(ListSet, set);
            var list = _writer.BeginNested(ListElements);
            for (; done < elements.Length && _writer.Length - list < LongestList; done++)
            {
                if (!TryAddElement(elements[done], form, hasValue: form.IsMap && verb == "add"))
                {
                    return false;
                }
            }

            _writer.EndNested(list);
            _writer.EndMessage(_last);
        }

        return true;
    }

    private bool TryAddElement(string text, SetForm form, bool hasValue)
    {
        var sides = text.Split(" : ");
        var mark = sides[0].IndexOf(CommentMark, StringComparison.Ordinal);
        var key = mark < 0 ? sides[0] : sides[0][..mark];
        var element = _writer.BeginNested(ListElement);
        if (sides.Length != (hasValue ? 2 : 1)
            || !form.TryWriteKey(_writer, ElementKey, key)
            || (hasValue && !form.TryWriteValue(_writer, ElementData, sides[1])))
        {
            return false;
        }

        if (mark >= 0)
        {
            AddComment(sides[0][(mark + CommentMark.Length)..^1]);
        }

        _writer.EndNested(element);
        return true;
    }

    // As nft keeps it: kind 0, the length, and the text with a zero at its end.
    private void AddComment(string comment)
    {
        Span<byte> bytes = stackalloc byte[byte.MaxValue];
        bytes.Clear();
        var length = System.Text.Encoding.ASCII.GetBytes(comment, bytes[2..^1]) + 1;
        bytes[1] = (byte)length;
        _writer.Attribute(ElementUserData, bytes[..(length + 2)]);
    }

    private static byte? NumberOf(string family) => family switch { "inet" => 1, "ip" => 2, "ip6" => 10, _ => null };
}
