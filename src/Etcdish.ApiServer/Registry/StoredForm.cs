namespace Etcdish.ApiServer.Registry;

/// <summary>
/// How the objects of one served version are written in the store, if not as they are served: several versions share what is stored.
/// Called by many threads; bytes that need no change are handed back as they came.
/// </summary>
internal abstract class StoredForm
{
    /// <summary>The object as this version serves it.</summary>
    public abstract ReadOnlyMemory<byte> ToServed(ReadOnlyMemory<byte> stored);

    /// <summary>The object as it is stored.</summary>
    public abstract ReadOnlyMemory<byte> ToStored(ReadOnlyMemory<byte> served);

    /// <summary>Whether stored bytes are as a write would leave them today.</summary>
    public abstract bool IsCurrent(ReadOnlyMemory<byte> stored);
}
