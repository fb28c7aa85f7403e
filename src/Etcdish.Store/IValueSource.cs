namespace Etcdish.Store;

/// <summary>Reads values that the index refers to. The log implements it; tests use an array.</summary>
public interface IValueSource
{
    /// <summary>
    /// Fills <paramref name="destination"/> with the value's bytes and checks them against the reference's checksum. Safe on any thread.
    /// </summary>
    /// <param name="reference">The value to read.</param>
    /// <param name="destination">Exactly <see cref="ValueReference.Length"/> bytes.</param>
    /// <exception cref="DamagedValueException">The bytes do not match the checksum.</exception>
    void Read(in ValueReference reference, Span<byte> destination);

    /// <summary>
    /// Opens a scope in which no segment that a reference taken inside it points to is deleted. Take it before reading the index, and
    /// dispose it once the values are copied. Cheap; does not block the log.
    /// </summary>
    ReadScope EnterRead();

    /// <summary>Ends a scope; called by <see cref="ReadScope.Dispose"/> only.</summary>
    /// <param name="token">What <see cref="EnterRead"/> put into the scope.</param>
    void ExitRead(int token);
}

/// <summary>A span of time in which value references stay readable; see <see cref="IValueSource.EnterRead"/>.</summary>
/// <param name="source">The source whose segments are held.</param>
/// <param name="token">The source's own mark of the scope.</param>
public readonly struct ReadScope(IValueSource source, int token) : IDisposable
{
    /// <summary>Lets go of the segments.</summary>
    public void Dispose() => source?.ExitRead(token);
}

/// <summary>A value in the log does not match the checksum in the index: the disk has lost or changed it.</summary>
/// <param name="message">Names the file and the offset.</param>
/// <param name="segment">Log segment, 0 when it is not known.</param>
/// <param name="offset">Where in it, -1 when it is not known.</param>
public sealed class DamagedValueException(string message, uint segment = 0, long offset = -1) : Exception(message)
{
    /// <summary>The log segment that the value lies in, 0 when it is not known.</summary>
    public uint Segment { get; } = segment;

    /// <summary>Where in the segment the value begins, -1 when it is not known.</summary>
    public long Offset { get; } = offset;
}
