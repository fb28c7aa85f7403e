using System.Globalization;

namespace Etcdish.Fuzz;

/// <summary>
/// Throws seeded, mostly broken bytes at everything that reads bytes of strangers or of a disk, and checks what it makes of them:
/// <c>dotnet run -c Release --project tests/Etcdish.Fuzz -- [--inputs 1000000] [--seed N] [target…]</c>. Without targets, all run.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (!FuzzArguments.TryParse(arguments, out var parsed, out var problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        Console.WriteLine(Invariant($"seed {parsed.Seed}, {parsed.Inputs:N0} inputs for each target"));
        foreach (var target in parsed.Targets)
        {
            try
            {
                var report = new FuzzRunner(target, parsed.Seed, parsed.Inputs).Run();
                Console.WriteLine(Invariant(
                    $"{target.Name,-18} {report.Accepted,11:N0} accepted {report.Inputs - report.Accepted,11:N0} refused")
                    + Invariant($"   {report.Elapsed.TotalSeconds,7:N1} s   at most {report.LargestAllocation / 1024.0,8:N1} KiB for an input"));
            }
            catch (FuzzFailureException failure)
            {
                Console.Error.WriteLine(failure.Message);
                return 1;
            }
        }

        return 0;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
