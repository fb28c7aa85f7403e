using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;

namespace Etcdish.Benchmarks;

/// <summary>
/// What a request is made of: <c>dotnet run -c Release --project perf/Etcdish.Benchmarks -- --filter '*'</c>. With <c>--quick</c> every
/// benchmark runs a few short iterations, which shows orders of magnitude and that all work.
/// </summary>
internal static class Program
{
    private static void Main(string[] arguments)
    {
        var isQuick = arguments.Contains("--quick");
        var config = ManualConfig.Create(DefaultConfig.Instance);
        config.AddJob(isQuick ? Job.Dry.WithIterationCount(3).WithWarmupCount(1) : Job.ShortRun);
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run([.. arguments.Where(argument => argument != "--quick")], config);
    }
}
