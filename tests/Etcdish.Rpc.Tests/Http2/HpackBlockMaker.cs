namespace Etcdish.Rpc.Tests.Http2;

/// <summary>
/// A peer that encodes at random, but correctly: fields of every representation, with names and values of both tables and of its own, and
/// changes of the table's size.
/// </summary>
internal sealed class HpackBlockMaker(Random random, int maxTableBytes)
{
    private static readonly string[] _names =
        [":path", ":status", "grpc-timeout", "x", "content-type", "", "X-Upper", "n\u00E4me", "a-name-that-takes-some-room"];

    private static readonly string[] _values =
        ["", "POST", "http", "application/grpc", "1", "/etcdserverpb.KV/Range", "caf\u00E9", "\0\r\n", "a value that takes some room"];

    private readonly HpackModel _table = new(maxTableBytes);

    /// <summary>Makes a block.</summary>
    /// <param name="fields">What it says.</param>
    /// <param name="parts">How many representations it consists of.</param>
    public byte[] Next(out List<(string Name, string Value)> fields, out int parts)
    {
        List<byte> block = [];
        fields = [];
        parts = random.Next(4) == 0 ? random.Next(1, 3) : 0;
        for (int update = 0; update < parts; update++)
        {
            int bytes = random.Next(3) == 0 ? maxTableBytes : random.Next(maxTableBytes + 1);
            _table.Resize(bytes);
            block.AddRange(ModelHpack.TableSize(bytes));
        }

        for (int field = random.Next(8); field > 0; field--)
        {
            block.AddRange(NextField(fields));
        }

        parts += fields.Count;
        return [.. block];
    }

    private byte[] NextField(List<(string Name, string Value)> fields)
    {
        int index = random.Next(2) == 0 ? random.Next(1, HpackModel.StaticCount + 1) : NewestIndex();
        if (random.Next(3) == 0)
        {
            fields.Add(_table.Get(index));
            return ModelHpack.Indexed(index);
        }

        int kind = random.Next(4) switch { 0 => ModelHpack.NoIndexing, 1 => ModelHpack.NeverIndexed, _ => ModelHpack.Indexing };
        bool isHuffman = random.Next(2) == 0;
        bool isNamed = random.Next(2) == 0;
        string name = isNamed ? _table.Get(index).Name : Pick(_names);
        string value = random.Next(20) == 0 ? new string('v', random.Next(600)) : Pick(_values);
        value += random.Next(2) == 0 ? random.Next(100) : "";
        fields.Add((name, value));
        if (kind == ModelHpack.Indexing)
        {
            _table.Add((name, value));
        }

        return isNamed ? ModelHpack.Literal(kind, index, value, isHuffman) : ModelHpack.Literal(kind, name, value, isHuffman);
    }

    private int NewestIndex() => HpackModel.StaticCount + (_table.Table.Count == 0 ? 0 : random.Next(1, _table.Table.Count + 1));

    private string Pick(string[] texts) => texts[random.Next(texts.Length)];
}
