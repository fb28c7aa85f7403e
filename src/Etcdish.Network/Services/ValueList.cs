using System.Collections;
using System.Net;

namespace Etcdish.Network.Services;

/// <summary>A list that never changes, and equals another with the same items in the same order.</summary>
internal abstract class ValueList<T>(T[] items) : IReadOnlyList<T>, IEquatable<ValueList<T>>
    where T : notnull
{
    /// <inheritdoc/>
    public int Count => items.Length;

    /// <inheritdoc/>
    public T this[int index] => items[index];

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(ValueList<T>? other) => other is not null && items.AsSpan().SequenceEqual(other.ToSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ValueList<T>);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    private ReadOnlySpan<T> ToSpan() => items;
}

/// <summary>Addresses.</summary>
internal sealed class Addresses(params IPAddress[] items) : ValueList<IPAddress>(items)
{
    /// <summary>None.</summary>
    public static Addresses None { get; } = new();
}

/// <summary>Texts.</summary>
internal sealed class Texts(params string[] items) : ValueList<string>(items)
{
    /// <summary>None.</summary>
    public static Texts None { get; } = new();
}

/// <summary>Endpoints, in the order of their addresses and ports.</summary>
internal sealed class EndpointSet(params ServiceEndpoint[] items) : ValueList<ServiceEndpoint>(items)
{
    /// <summary>None.</summary>
    public static EndpointSet None { get; } = new();
}
