using System.Globalization;
using System.Text;
using Etcdish.Store;
using Google.Protobuf;

namespace Etcdish.Benchmarks.Support;

/// <summary>
/// A store with many keys of eight digits whose values of 256 bytes all lie in one place in memory: the index is measured, not a disk.
/// </summary>
internal sealed class BenchmarkStore : IValueSource, IDisposable
{
    public const int ValueBytes = 256;

    private const int KeyOffset = 2;
    private const int KeyBytes = 8;

    private readonly byte[] _value = new byte[ValueBytes];
    private readonly byte[] _put;
    private ulong _index;

    public BenchmarkStore(int keys)
    {
        new Random(1).NextBytes(_value);
        _put = new Protos.PutRequest { Key = ByteString.CopyFrom(Key(0)), Value = ByteString.CopyFrom(_value) }.ToByteArray();
        Store = new RevisionStore(this, new StoreOptions());
        for (var i = 0; i < keys; i++)
        {
            Put(i);
        }

        Compact();
    }

    public RevisionStore Store { get; }

    public static byte[] Key(int number) => Encoding.ASCII.GetBytes(number.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>Applies a put of a key.</summary>
    public ApplyResult Put(int number)
    {
        number.TryFormat(_put.AsSpan(KeyOffset, KeyBytes), out _, "D8", CultureInfo.InvariantCulture);
        return Apply(EntryKind.Put, _put);
    }

    public ApplyResult Apply(EntryKind kind, ReadOnlyMemory<byte> request) =>
        Store.Apply(new StoreEntry(++_index, term: 1, kind, request, segment: 1, payloadOffset: 64));

    /// <summary>Deletes all keys from one on.</summary>
    public void DeleteFrom(int number) => Apply(
        EntryKind.DeleteRange,
        new Protos.DeleteRangeRequest { Key = ByteString.CopyFrom(Key(number)), RangeEnd = ByteString.CopyFrom(0) }.ToByteArray());

    /// <summary>Takes away all history.</summary>
    public void Compact()
    {
        Apply(EntryKind.Compact, new Protos.CompactionRequest { Revision = Store.CurrentRevision }.ToByteArray());
        while (Store.CompactStep(10_000))
        {
        }
    }

    public void Read(in ValueReference reference, Span<byte> destination) => _value.AsSpan(0, destination.Length).CopyTo(destination);

    public ReadScope EnterRead() => default;

    public void ExitRead(int token)
    {
    }

    public void Dispose() => Store.Dispose();

    /// <summary>Spreads consecutive numbers over the keys.</summary>
    public static int Scatter(int step, int keys) => (int)((uint)step * 2654435761u % (uint)keys);
}
