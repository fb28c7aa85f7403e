using System.Globalization;

namespace Etcdish.Simulation;

/// <summary>What the command was asked for.</summary>
internal sealed record CommandOptions
{
    public const string Usage = """
        options:
          --seeds N        how many seeds to run (default 2000)
          --from N         the first of them (default 1)
          --seed N         run this one and tell what happened
          --lines N        how many of its last events to tell (default 400)
          --members N      groups of this size only (default: each seed draws its own)
          --sabotage NAME  build a deliberate bug in
          --jobs N         threads (default: one per core)
          --once           run each seed once instead of twice
          --keep-going     do not stop at the first ten failures
        """;

    public ulong From { get; init; } = 1;

    public long Seeds { get; init; } = 2000;

    public ulong? Seed { get; init; }

    public int? Lines { get; init; }

    public int? Members { get; init; }

    public SabotageKind Sabotage { get; init; }

    public int Jobs { get; init; } = Environment.ProcessorCount;

    public bool RunsOnce { get; init; }

    public bool KeepsGoing { get; init; }

    /// <exception cref="FormatException">An unknown option, or a value that is none.</exception>
    public static CommandOptions Parse(string[] arguments)
    {
        CommandOptions options = new();
        for (int i = 0; i < arguments.Length; i++)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            switch (arguments[i])
            {
                case "--once":
                    options = options with { RunsOnce = true };
                    continue;
                case "--keep-going":
                    options = options with { KeepsGoing = true };
                    continue;
                default:
                    options = options.With(arguments[i], value);
                    i++;
                    break;
            }
        }

        return options;
    }

    /// <summary>The command that shows what happened under a seed.</summary>
    public static string ReplayCommand(ulong seed, CommandOptions options) =>
        $"dotnet run -c Release --project tests/Etcdish.Simulation -- --seed {seed}"
        + (options.Members is { } members ? $" --members {members}" : "")
        + (options.Sabotage == SabotageKind.None ? "" : $" --sabotage {options.Sabotage}");

    private CommandOptions With(string option, string value) => option switch
    {
        "--seeds" => this with { Seeds = Number(option, value) },
        "--from" => this with { From = (ulong)Number(option, value) },
        "--seed" => this with { Seed = (ulong)Number(option, value) },
        "--lines" => this with { Lines = (int)Number(option, value) },
        "--members" => this with { Members = (int)Number(option, value) },
        "--jobs" => this with { Jobs = (int)Number(option, value) },
        "--sabotage" => this with
        {
            Sabotage = Enum.TryParse(value, ignoreCase: true, out SabotageKind kind)
                ? kind
                : throw new FormatException($"unknown sabotage {value}; known: {string.Join(", ", Enum.GetNames<SabotageKind>())}"),
        },
        _ => throw new FormatException($"unknown option {option}"),
    };

    private static long Number(string option, string value) =>
        long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException($"{option} needs a number");
}
