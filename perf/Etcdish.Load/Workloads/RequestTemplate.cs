using Google.Protobuf;

namespace Etcdish.Load.Workloads;

/// <summary>A request encoded once, whose keys are overwritten in place for each use.</summary>
internal sealed class RequestTemplate
{
    private readonly byte[] _bytes;
    private readonly int _keySize;
    private readonly int[] _keyOffsets;

    /// <summary>Takes a request in which every key is <see cref="Placeholder"/> of that size.</summary>
    public RequestTemplate(IMessage request, int keySize)
    {
        _bytes = request.ToByteArray();
        _keySize = keySize;
        _keyOffsets = FindAll(_bytes, Placeholder(keySize).Span);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public int KeyCount => _keyOffsets.Length;

    /// <summary>Bytes that occur in no value of a request here.</summary>
    public static ByteString Placeholder(int size)
    {
        byte[] bytes = new byte[size];
        Array.Fill(bytes, (byte)0xfe);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }

    public Span<byte> Key(int index) => _bytes.AsSpan(_keyOffsets[index], _keySize);

    private static int[] FindAll(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> wanted)
    {
        List<int> offsets = [];
        int start = 0;
        while (bytes[start..].IndexOf(wanted) is int found and >= 0)
        {
            offsets.Add(start + found);
            start += found + wanted.Length;
        }

        return [.. offsets];
    }
}
