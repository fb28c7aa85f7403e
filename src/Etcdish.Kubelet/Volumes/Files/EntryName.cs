using System.Text;

namespace Etcdish.Kubelet.Volumes;

/// <summary>The name of a folder's entry: any bytes, which need not be a text. Ends with a zero, as calls of the system want it.</summary>
internal readonly struct EntryName
{
    private readonly byte[] _bytes;

    private EntryName(byte[] bytes) => _bytes = bytes;

    /// <summary>The bytes, with the zero.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public static implicit operator EntryName(string text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return new EntryName(bytes);
    }

    /// <summary>A name without its zero, copied.</summary>
    public static EntryName Copy(ReadOnlySpan<byte> name)
    {
        var bytes = new byte[name.Length + 1];
        name.CopyTo(bytes);
        return new EntryName(bytes);
    }

    /// <summary>The name as a text; bytes that are none are replaced.</summary>
    public override string ToString() => Encoding.UTF8.GetString(_bytes.AsSpan(0, _bytes.Length - 1));
}
