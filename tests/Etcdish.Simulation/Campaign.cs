namespace Etcdish.Simulation;

/// <summary>Many seeds, on several threads, each world on one; every seed twice, to the same hash.</summary>
internal sealed class Campaign(CommandOptions options, TextWriter output)
{
    private const int MostFailures = 10;
    private const long ReportEvery = 10_000;

    private readonly Lock _gate = new();
    private readonly List<RunResult> _failed = [];
    private long _next;

    public int RunsOfEach => options.RunsOnce ? 1 : 2;

    public long Seeds { get; private set; }

    public long Events { get; private set; }

    public long Operations { get; private set; }

    public double VirtualSeconds { get; private set; }

    public Marks Marks { get; } = new();

    /// <summary>Seeds that broke a promise, lowest first.</summary>
    public IReadOnlyList<RunResult> Failed => [.. _failed.OrderBy(result => result.Seed)];

    public void Run()
    {
        Thread[] threads = [.. Enumerable.Range(0, options.Jobs).Select(_ => new Thread(RunSeeds))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }

    /// <summary>Runs a seed as often as asked for; differing hashes are a violation.</summary>
    public static RunResult RunSeed(ulong seed, CommandOptions options)
    {
        RunResult result = Simulation.Run(seed, options.Members, options.Sabotage);
        if (options.RunsOnce || result.Violations.Count > 0)
        {
            return result;
        }

        RunResult again = Simulation.Run(seed, options.Members, options.Sabotage);
        return again.Hash == result.Hash
            ? result
            : result with { Violations = [$"not deterministic: hash {result.Hash:x16}, then {again.Hash:x16}"] };
    }

    private void RunSeeds()
    {
        while (Interlocked.Increment(ref _next) is var number && number <= options.Seeds && !HasFailedEnough)
        {
            Add(RunSeed(options.From + (ulong)number - 1, options));
        }
    }

    private bool HasFailedEnough
    {
        get
        {
            lock (_gate)
            {
                return !options.KeepsGoing && _failed.Count >= MostFailures;
            }
        }
    }

    private void Add(RunResult result)
    {
        lock (_gate)
        {
            Seeds++;
            Events += result.Events;
            Operations += result.Operations;
            VirtualSeconds += (double)result.VirtualTime / Span.Second;
            Marks.Add(result.Marks);
            if (result.Violations.Count > 0)
            {
                _failed.Add(result);
            }

            if (Seeds % ReportEvery == 0)
            {
                output.WriteLine($"{Seeds} seeds, {_failed.Count} failed");
            }
        }
    }
}
