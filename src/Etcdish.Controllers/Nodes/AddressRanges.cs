using System.Buffers.Binary;
using System.Collections;
using System.Net;

namespace Etcdish.Controllers.Nodes;

/// <summary>A range of addresses, cut into parts of one size that are given out and taken back. For use by many threads.</summary>
internal sealed class AddressRanges
{
    /// <summary>No range has more parts, as 2 to the power of this.</summary>
    private const int MaxPartBits = 16;

    private readonly Lock _lock = new();
    private readonly IPNetwork _whole;
    private readonly UInt128 _base;
    private readonly int _bits;
    private readonly int _partMask;
    private readonly BitArray _taken;
    private int _next;

    /// <param name="range">The range, such as <c>10.244.0.0/16</c>.</param>
    /// <param name="partMask">How many bits name a part.</param>
    /// <exception cref="ArgumentException">It is no range, or has no such parts, or too many.</exception>
    public AddressRanges(string range, int partMask)
    {
        if (!IPNetwork.TryParse(range, out _whole))
        {
            throw new ArgumentException($"\"{range}\" is no range of addresses, such as 10.244.0.0/16");
        }

        var bytes = _whole.BaseAddress.GetAddressBytes();
        _bits = bytes.Length * 8;
        if (partMask < _whole.PrefixLength || partMask > _bits || partMask - _whole.PrefixLength > MaxPartBits)
        {
            throw new ArgumentException($"{range} cannot be cut into ranges of /{partMask}");
        }

        _base = ToNumber(_whole.BaseAddress);
        _partMask = partMask;
        _taken = new BitArray(1 << (partMask - _whole.PrefixLength));
    }

    /// <summary>Whether a range is one of this family.</summary>
    public bool IsV4 => _bits == 32;

    /// <summary>Takes the next part that is free; null if none is.</summary>
    public string? Take()
    {
        lock (_lock)
        {
            for (var i = 0; i < _taken.Length; i++)
            {
                var at = (_next + i) % _taken.Length;
                if (!_taken[at])
                {
                    _taken[at] = true;
                    _next = (at + 1) % _taken.Length;
                    return PartAt(at);
                }
            }

            return null;
        }
    }

    /// <summary>Marks all parts that a range touches; nothing if it is elsewhere.</summary>
    public void Occupy(string range) => Mark(range, true);

    /// <summary>Gives the parts of a range back.</summary>
    public void Release(string range) => Mark(range, false);

    private void Mark(string range, bool isTaken)
    {
        if (!IPNetwork.TryParse(range, out var part) || part.BaseAddress.AddressFamily != _whole.BaseAddress.AddressFamily)
        {
            return;
        }

        var (first, last) = (ToNumber(part.BaseAddress), ToNumber(part.BaseAddress) | Ones(_bits - part.PrefixLength));
        var end = _base | Ones(_bits - _whole.PrefixLength);
        if (last < _base || first > end)
        {
            return;
        }

        lock (_lock)
        {
            var from = first < _base ? 0 : (int)((first - _base) >> (_bits - _partMask));
            var to = last > end ? _taken.Length - 1 : (int)((last - _base) >> (_bits - _partMask));
            for (var at = from; at <= to; at++)
            {
                _taken[at] = isTaken;
            }
        }
    }

    private string PartAt(int at)
    {
        var number = _base | ((UInt128)at << (_bits - _partMask));
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return $"{new IPAddress(bytes[(16 - (_bits / 8))..])}/{_partMask}";
    }

    private static UInt128 Ones(int count) => count == 128 ? UInt128.MaxValue : (UInt128.One << count) - 1;

    private static UInt128 ToNumber(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        Span<byte> all = stackalloc byte[16];
        all.Clear();
        bytes.CopyTo(all[(16 - bytes.Length)..]);
        return BinaryPrimitives.ReadUInt128BigEndian(all);
    }
}
