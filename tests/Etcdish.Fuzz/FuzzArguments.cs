using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Etcdish.Fuzz;

/// <summary>The command line.</summary>
/// <param name="Inputs">Inputs for each target.</param>
/// <param name="Seed">Seed of the first input; each further input adds one.</param>
/// <param name="Targets">The targets to run.</param>
internal sealed record FuzzArguments(int Inputs, long Seed, IReadOnlyList<IFuzzTarget> Targets)
{
    public static bool TryParse(
        string[] arguments, [NotNullWhen(true)] out FuzzArguments? parsed, [NotNullWhen(false)] out string? problem)
    {
        var inputs = 1_000_000;
        var seed = Environment.TickCount64;
        var targets = new List<IFuzzTarget>();
        (parsed, problem) = (null, null);
        for (var i = 0; i < arguments.Length; i++)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            switch (arguments[i])
            {
                case "--inputs" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out inputs):
                case "--seed" when long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out seed):
                    i++;
                    break;
                case var name when FuzzTargets.All.FirstOrDefault(target => target.Name == name) is { } target:
                    targets.Add(target);
                    break;
                default:
                    problem = $"{arguments[i]}: neither --inputs N nor --seed N nor a target ({string.Join(", ", FuzzTargets.All.Select(t => t.Name))})";
                    return false;
            }
        }

        parsed = new FuzzArguments(inputs, seed, targets.Count == 0 ? FuzzTargets.All : targets);
        return true;
    }
}
