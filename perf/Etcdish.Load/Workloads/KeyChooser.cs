namespace Etcdish.Load.Workloads;

/// <summary>
/// Chooses keys for one connection. A key is a number in decimal digits, padded with zeros to the key size, so that etcdctl can show it.
/// </summary>
internal sealed class KeyChooser
{
    private const double ZipfExponent = 0.99;

    private readonly Random _random;
    private readonly LoadOptions _options;
    private readonly SharedCounter _sequence;
    private readonly double[]? _zipfShares;

    public KeyChooser(LoadOptions options, int connection, SharedCounter sequence)
    {
        _random = new Random(HashCode.Combine(options.Seed) + connection);
        _options = options;
        _sequence = sequence;
        _zipfShares = options.Distribution == KeyDistribution.Zipf ? ZipfShares(options.KeySpace) : null;
    }

    public double NextShare() => _random.NextDouble();

    public void WriteNext(Span<byte> key) => Write(Next(), key);

    /// <summary>Writes the key that lies so many places behind the one chosen; for several different keys at once.</summary>
    public void Write(long number, Span<byte> key)
    {
        number %= _options.KeySpace;
        for (int i = key.Length - 1; i >= 0; i--)
        {
            key[i] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }

    public long Next() => _options.Distribution switch
    {
        KeyDistribution.Sequential => _sequence.Next(),
        KeyDistribution.Zipf => ZipfNext(),
        _ => _random.Next(_options.KeySpace),
    };

    private long ZipfNext()
    {
        int place = Array.BinarySearch(_zipfShares!, _random.NextDouble());
        return Math.Min(place < 0 ? ~place : place, _options.KeySpace - 1);
    }

    /// <summary>Cumulated shares of the ranks: the key of rank r is chosen in proportion to 1/r^0.99.</summary>
    private static double[] ZipfShares(int count)
    {
        double[] shares = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            sum += 1 / Math.Pow(i + 1, ZipfExponent);
            shares[i] = sum;
        }

        for (int i = 0; i < count; i++)
        {
            shares[i] /= sum;
        }

        return shares;
    }
}
