using System.Text;

namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// A decoder of HPACK for tests, slow and literal: the table is a list with the newest entry in front, Huffman code is matched bit by bit,
/// and nothing of the tested decoder is used except the lengths of the codes. What is malformed is a FormatException.
/// </summary>
internal sealed class HpackModel(int maxTableBytes)
{
    // RFC 7541, appendix A.
    public const string StaticTable = """
        :authority
        :method GET
        :method POST
        :path /
        :path /index.html
        :scheme http
        :scheme https
        :status 200
        :status 204
        :status 206
        :status 304
        :status 400
        :status 404
        :status 500
        accept-charset
        accept-encoding gzip, deflate
        accept-language
        accept-ranges
        accept
        access-control-allow-origin
        age
        allow
        authorization
        cache-control
        content-disposition
        content-encoding
        content-language
        content-length
        content-location
        content-range
        content-type
        cookie
        date
        etag
        expect
        expires
        from
        host
        if-match
        if-modified-since
        if-none-match
        if-range
        if-unmodified-since
        last-modified
        link
        location
        max-forwards
        proxy-authenticate
        proxy-authorization
        range
        referer
        refresh
        retry-after
        server
        set-cookie
        strict-transport-security
        transfer-encoding
        user-agent
        vary
        via
        www-authenticate
        """;

    private static readonly (string Name, string Value)[] _static = [.. StaticTable.Split('\n').Select(Entry)];

    private static readonly Dictionary<(int Length, int Code), char> _codes = Enumerable.Range(0, 256).ToDictionary(
        symbol => (ModelHpack.Code((byte)symbol).Length, Convert.ToInt32(ModelHpack.Code((byte)symbol), 2)), symbol => (char)symbol);

    public static int StaticCount => _static.Length;

    public List<(string Name, string Value)> Table { get; } = [];

    public int MaxBytes { get; private set; } = 4096;

    public int Bytes => Table.Sum(Size);

    public static int Size((string Name, string Value) field) => field.Name.Length + field.Value.Length + 32;

    public void Add((string Name, string Value) field)
    {
        Table.Insert(0, field);
        Evict();
    }

    public void Resize(int bytes)
    {
        if (bytes > maxTableBytes)
        {
            throw new FormatException("size");
        }

        MaxBytes = bytes;
        Evict();
    }

    public (string Name, string Value) Get(int index)
    {
        if (index < 1 || index > StaticCount + Table.Count)
        {
            throw new FormatException("index");
        }

        return index <= StaticCount ? _static[index - 1] : Table[index - StaticCount - 1];
    }

    public List<(string Name, string Value)> Decode(byte[] block)
    {
        List<(string Name, string Value)> fields = [];
        int at = 0;
        int updates = 0;
        while (at < block.Length)
        {
            string bits = Convert.ToString(block[at], 2).PadLeft(8, '0');
            if (bits.StartsWith("001", StringComparison.Ordinal))
            {
                if (fields.Count > 0 || ++updates > 2)
                {
                    throw new FormatException("update");
                }

                Resize(Integer(block, ref at, 5));
                continue;
            }

            bool isInserted = bits.StartsWith("01", StringComparison.Ordinal);
            int index = Integer(block, ref at, bits[0] == '1' ? 7 : isInserted ? 6 : 4);
            fields.Add(bits[0] == '1' ? Get(index) : (index == 0 ? Text(block, ref at) : Get(index).Name, Text(block, ref at)));
            if (isInserted)
            {
                Add(fields[^1]);
            }
        }

        return fields;
    }

    /// <summary>A string in Huffman code.</summary>
    public static string Huffman(ReadOnlySpan<byte> encoded)
    {
        StringBuilder text = new();
        int length = 0;
        int code = 0;
        for (int bit = 0; bit < encoded.Length * 8; bit++)
        {
            code = (code << 1) | ((encoded[bit / 8] >> (7 - (bit % 8))) & 1);
            length++;
            if (_codes.TryGetValue((length, code), out char symbol))
            {
                text.Append(symbol);
                length = 0;
                code = 0;
            }
            else if (length == 30)
            {
                throw new FormatException("end of string");
            }
        }

        return length < 8 && code == (1 << length) - 1 ? text.ToString() : throw new FormatException("padding");
    }

    private static (string Name, string Value) Entry(string line) =>
        line.IndexOf(' ', StringComparison.Ordinal) is > 0 and int space ? (line[..space], line[(space + 1)..]) : (line, "");

    private static int Integer(byte[] block, ref int at, int prefixBits)
    {
        int mask = (1 << prefixBits) - 1;
        decimal value = Next(block, ref at) & mask;
        if (value < mask)
        {
            return (int)value;
        }

        decimal weight = 1;
        for (int group = 0; group < 5; group++)
        {
            int next = Next(block, ref at);
            value += (next & 0x7F) * weight;
            weight *= 128;
            if (next < 0x80)
            {
                return value <= int.MaxValue ? (int)value : throw new FormatException("value");
            }
        }

        throw new FormatException("length");
    }

    private static string Text(byte[] block, ref int at)
    {
        bool isHuffman = at < block.Length && block[at] >= 0x80;
        int length = Integer(block, ref at, 7);
        if (length > block.Length - at)
        {
            throw new FormatException("string");
        }

        byte[] bytes = block[at..(at + length)];
        at += length;
        return isHuffman ? Huffman(bytes) : Encoding.Latin1.GetString(bytes);
    }

    private static int Next(byte[] block, ref int at) => at < block.Length ? block[at++] : throw new FormatException("end");

    private void Evict()
    {
        while (Bytes > MaxBytes)
        {
            Table.RemoveAt(Table.Count - 1);
        }
    }
}
