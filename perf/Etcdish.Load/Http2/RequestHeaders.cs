using System.Text;

namespace Etcdish.Load.Http2;

/// <summary>
/// Header blocks of requests. The first use of a field on a connection adds it to the server's table, later ones refer to it: a request
/// then costs seven bytes of headers, as it does with any real gRPC client. The few fields never fill the table, so none is evicted.
/// </summary>
internal sealed class RequestHeaders(string authority)
{
    private const int LargestBlock = 512;

    private readonly List<(string Name, string Value)> _added = [];
    private readonly Dictionary<string, (byte[] Block, int AddedThen)> _blocks = [];
    private readonly byte[] _buffer = new byte[LargestBlock];

    /// <summary>The block for a call of this method; must be sent, and in the order asked for.</summary>
    public ReadOnlySpan<byte> For(string path)
    {
        if (_blocks.TryGetValue(path, out (byte[] Block, int AddedThen) known) && known.AddedThen == _added.Count)
        {
            return known.Block;
        }

        int addedBefore = _added.Count;
        int length = Encode(path);
        byte[] block = _buffer.AsSpan(0, length).ToArray();
        if (_added.Count == addedBefore)
        {
            _blocks[path] = (block, addedBefore);
        }

        return block;
    }

    private int Encode(string path)
    {
        int length = 0;
        _buffer[length++] = 0x80 | StaticFields.MethodPost;
        _buffer[length++] = 0x80 | StaticFields.SchemeHttp;
        length = Write(length, StaticFields.Path, ":path", path);
        length = Write(length, StaticFields.Authority, ":authority", authority);
        length = Write(length, StaticFields.ContentType, "content-type", "application/grpc");
        length = Write(length, 0, "te", "trailers");
        return length;
    }

    private int Write(int length, int nameIndex, string name, string value)
    {
        int age = _added.IndexOf((name, value));
        if (age >= 0)
        {
            int index = StaticFields.Count + _added.Count - age;
            _buffer[length++] = (byte)(0x80 | index);
            return length;
        }

        _buffer[length++] = (byte)(0x40 | nameIndex);
        if (nameIndex == 0)
        {
            length = WriteString(length, name);
        }

        _added.Add((name, value));
        return WriteString(length, value);
    }

    private int WriteString(int length, string text)
    {
        // Names and paths here are shorter than 127 bytes, so a length is one byte.
        _buffer[length++] = checked((byte)text.Length);
        return length + Encoding.ASCII.GetBytes(text, _buffer.AsSpan(length));
    }
}
