using System.Diagnostics;

namespace Etcdish.Fuzz;

/// <summary>Feeds one target. Each input has a seed of its own, so that one input can be made again without those before it.</summary>
internal sealed class FuzzRunner(IFuzzTarget target, long firstSeed, int inputs)
{
    // Generous: the slowest input takes a millisecond. It only has to tell "slow machine" from "never ends".
    private static readonly TimeSpan _longestInput = TimeSpan.FromSeconds(60);

    private byte[] _input = [];
    private int _done;
    private int _accepted;
    private long _largestAllocation;
    private Exception? _error;

    /// <summary>Runs to the end or to the first failure.</summary>
    /// <exception cref="FuzzFailureException">The target broke its contract.</exception>
    public FuzzReport Run()
    {
        var watch = Stopwatch.StartNew();
        var worker = new Thread(RunAll) { IsBackground = true, Name = target.Name };
        worker.Start();
        var seen = -1;
        while (!worker.Join(_longestInput))
        {
            if (seen == Volatile.Read(ref _done))
            {
                throw Failure(new TimeoutException($"this input was not done within {_longestInput.TotalSeconds} s"));
            }

            seen = Volatile.Read(ref _done);
        }

        return _error is null ? new FuzzReport(_done, _accepted, _largestAllocation, watch.Elapsed) : throw Failure(_error);
    }

    private void RunAll()
    {
        try
        {
            while (_done < inputs)
            {
                _input = target.MakeInput(new Random(Mix(firstSeed + _done)));
                RunOne();
                Volatile.Write(ref _done, _done + 1);
            }
        }
        catch (Exception error)
        {
            // Every exception that comes up to here is the finding that this program looks for.
            _error = error;
        }
    }

    private void RunOne()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        _accepted += target.Accepts(_input) ? 1 : 0;
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        _largestAllocation = Math.Max(_largestAllocation, allocated);
        if (allocated > target.MostAllocatedBytes(_input))
        {
            throw new ContractException($"reading {_input.Length} bytes allocated {allocated}");
        }
    }

    private FuzzFailureException Failure(Exception error) => new(target.Name, firstSeed + _done, _input, error);

    // Neighbouring seeds give a Random related beginnings; this (the finaliser of SplitMix64) parts them.
    private static int Mix(long seed)
    {
        var mixed = (ulong)seed * 0x9E3779B97F4A7C15;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return (int)(mixed ^ (mixed >> 31));
    }
}

/// <summary>How a run went.</summary>
/// <param name="Inputs">Inputs read.</param>
/// <param name="Accepted">Those that were not refused.</param>
/// <param name="LargestAllocation">Most bytes that one input allocated.</param>
/// <param name="Elapsed">Time taken.</param>
internal sealed record FuzzReport(int Inputs, int Accepted, long LargestAllocation, TimeSpan Elapsed);

/// <summary>An input on which a target broke its contract, with all that is needed to see it again.</summary>
internal sealed class FuzzFailureException(string target, long seed, byte[] input, Exception error)
    : Exception($"{target} failed; again with --seed {seed} --inputs 1 {target}; input {Convert.ToHexString(input)}: {error}", error);
