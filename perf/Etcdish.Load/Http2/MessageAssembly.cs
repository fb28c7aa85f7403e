using System.Buffers.Binary;

namespace Etcdish.Load.Http2;

/// <summary>Cuts the data of a stream into gRPC messages; copies only those that are spread over several frames.</summary>
internal struct MessageAssembly
{
    private const int Prefix = 5;

    private byte[]? _partial;
    private int _length;

    /// <summary>The next whole message, if there is one; consumes data either way.</summary>
    public bool TryTake(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> message)
    {
        if (_length == 0)
        {
            if (data.Length >= Prefix && data.Length >= Prefix + LengthIn(data))
            {
                int whole = Prefix + LengthIn(data);
                message = data[Prefix..whole];
                data = data[whole..];
                return true;
            }

            Append(ref data, data.Length);
            message = default;
            return false;
        }

        Append(ref data, Math.Min(data.Length, Math.Max(0, Prefix - _length)));
        if (_length >= Prefix)
        {
            int whole = Prefix + LengthIn(_partial);
            Append(ref data, Math.Min(data.Length, whole - _length));
            if (_length == whole)
            {
                message = _partial.AsSpan(Prefix, whole - Prefix);
                _length = 0;
                return true;
            }
        }

        message = default;
        return false;
    }

    public void Reset() => _length = 0;

    private static int LengthIn(ReadOnlySpan<byte> prefix) => prefix[0] == 0
        ? BinaryPrimitives.ReadInt32BigEndian(prefix[1..])
        : throw new InvalidDataException("the server compressed a message although it may not");

    private void Append(ref ReadOnlySpan<byte> data, int count)
    {
        if (_partial is null || _partial.Length < _length + count)
        {
            Array.Resize(ref _partial, Math.Max(1024, (_length + count) * 2));
        }

        data[..count].CopyTo(_partial.AsSpan(_length));
        _length += count;
        data = data[count..];
    }
}
