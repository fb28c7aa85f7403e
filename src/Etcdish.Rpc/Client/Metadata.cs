using System.Collections;
using Etcdish.Rpc.Wire;

namespace Etcdish.Rpc;

/// <summary>Headers of a call in the order they were added. Names are lower case on the wire; a name may occur more than once.</summary>
public sealed class Metadata : IEnumerable<KeyValuePair<string, string>>
{
    private readonly List<KeyValuePair<string, string>> _entries = [];

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds a value of printable ASCII.</summary>
    /// <param name="name">Letters, digits, '-', '_' and '.'; not starting with "grpc-" and not ending in "-bin".</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">Name or value cannot be sent.</exception>
    public void Add(string name, string value)
    {
        CheckName(name);
        if (BinaryMetadata.IsBinary(name))
        {
            throw new ArgumentException($"The value of \"{name}\" is binary.", nameof(name));
        }

        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException($"The value of \"{name}\" has other characters than printable ASCII.", nameof(value));
        }

        _entries.Add(new(name, value));
    }

    /// <summary>Adds a value of any bytes.</summary>
    /// <param name="name">A name that ends in "-bin".</param>
    /// <param name="value">The value.</param>
    /// <exception cref="ArgumentException">The name cannot be sent.</exception>
    public void Add(string name, ReadOnlySpan<byte> value)
    {
        CheckName(name);
        if (!BinaryMetadata.IsBinary(name))
        {
            throw new ArgumentException($"The name of binary metadata ends in -bin, but this is \"{name}\".", nameof(name));
        }

        _entries.Add(new(name, BinaryMetadata.Encode(value)));
    }

    /// <summary>First value of a name, null when absent.</summary>
    /// <param name="name">The name, case-insensitive.</param>
    public string? Get(string name)
    {
        foreach ((string entry, string value) in _entries)
        {
            if (string.Equals(entry, name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>First value of a binary name, null when absent or not base64.</summary>
    /// <param name="name">The name, which ends in "-bin".</param>
    public byte[]? GetBinary(string name) =>
        Get(name) is { } text && BinaryMetadata.TryDecode(text, out byte[] value) ? value : null;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void AddReceived(string name, string value) => _entries.Add(new(name, value));

    private static void CheckName(string name)
    {
        bool valid = name.Length > 0 && !name.StartsWith("grpc-", StringComparison.OrdinalIgnoreCase);
        foreach (char c in name)
        {
            valid &= char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
        }

        if (!valid)
        {
            throw new ArgumentException($"\"{name}\" is no name of metadata.", nameof(name));
        }
    }
}
