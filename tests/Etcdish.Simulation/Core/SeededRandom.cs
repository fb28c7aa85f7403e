using System.Numerics;

namespace Etcdish.Simulation;

/// <summary>
/// A generator whose sequence is ours and so stays the same in every runtime: xoshiro256** (Blackman and Vigna), seeded through splitmix64.
/// It is a <see cref="Random"/>, so that code under test can be given one.
/// </summary>
internal sealed class SeededRandom : Random
{
    private readonly ulong[] _state = new ulong[4];

    public SeededRandom(ulong seed)
    {
        for (int i = 0; i < _state.Length; i++)
        {
            _state[i] = Mix(seed += 0x9E37_79B9_7F4A_7C15);
        }
    }

    /// <summary>A generator of its own for a part of the world: draws added in one part never move those of another.</summary>
    public static SeededRandom For(ulong seed, string part)
    {
        ulong hash = seed;
        foreach (char letter in part)
        {
            hash = Mix(hash ^ letter);
        }

        return new SeededRandom(hash);
    }

    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>A waiting time of a process without memory, at least 1.</summary>
    public long Exponential(double mean) => 1 + (long)(-Math.Log(1 - NextDouble()) * mean);

    public T Pick<T>(IReadOnlyList<T> from) => from[Next(from.Count)];

    public override int Next() => (int)(Draw() >> 33);

    public override int Next(int maxValue) => maxValue <= 1 ? 0 : (int)Below((ulong)maxValue);

    public override int Next(int minValue, int maxValue) => minValue + Next(maxValue - minValue);

    public override long NextInt64() => (long)(Draw() >> 1);

    public override long NextInt64(long maxValue) => maxValue <= 1 ? 0 : (long)Below((ulong)maxValue);

    public override long NextInt64(long minValue, long maxValue) => minValue + NextInt64(maxValue - minValue);

    public override double NextDouble() => (Draw() >> 11) * (1.0 / (1UL << 53));

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        for (int i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (byte)Draw();
        }
    }

    protected override double Sample() => NextDouble();

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }

    // The product's upper half (Lemire); what bias is left does not matter to a simulation.
    private ulong Below(ulong bound) => Math.BigMul(Draw(), bound, out _);

    private ulong Draw()
    {
        ulong result = BitOperations.RotateLeft(_state[1] * 5, 7) * 9;
        ulong shifted = _state[1] << 17;
        _state[2] ^= _state[0];
        _state[3] ^= _state[1];
        _state[1] ^= _state[2];
        _state[0] ^= _state[3];
        _state[2] ^= shifted;
        _state[3] = BitOperations.RotateLeft(_state[3], 45);
        return result;
    }
}
