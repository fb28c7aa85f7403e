namespace Etcdish.Server.Snapshot.Bolt;

/// <summary>
/// The pairs of a bucket in strictly ascending byte order of their keys. The length of a value is known without reading it, so that a
/// file can be laid out before any value is touched.
/// </summary>
internal interface IBoltCursor : IDisposable
{
    /// <summary>Steps to the next pair; false after the last.</summary>
    bool MoveNext();

    /// <summary>Key of the current pair, 1 to <see cref="BoltFormat.MaxKeyLength"/> bytes; valid until the next step.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Length of the current value in bytes.</summary>
    int ValueLength { get; }

    /// <summary>Writes the current value.</summary>
    /// <param name="destination">Exactly <see cref="ValueLength"/> bytes.</param>
    void ReadValue(Span<byte> destination);
}

/// <summary>A bucket to be written.</summary>
/// <param name="Name">Its name in UTF-8, not empty.</param>
/// <param name="Open">
/// Starts at the first pair. It is called twice for each file, and both cursors must give the same keys and value lengths.
/// </param>
internal sealed record BoltBucket(string Name, Func<IBoltCursor> Open);

/// <summary>Pairs that lie in memory: the small buckets.</summary>
/// <param name="pairs">Sorted by key in byte order.</param>
internal sealed class BoltPairCursor(IReadOnlyList<KeyValuePair<byte[], byte[]>> pairs) : IBoltCursor
{
    private int _index = -1;

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => pairs[_index].Key;

    /// <inheritdoc/>
    public int ValueLength => pairs[_index].Value.Length;

    /// <inheritdoc/>
    public bool MoveNext() => ++_index < pairs.Count;

    /// <inheritdoc/>
    public void ReadValue(Span<byte> destination) => pairs[_index].Value.CopyTo(destination);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
