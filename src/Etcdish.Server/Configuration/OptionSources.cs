namespace Etcdish.Server.Configuration;

/// <summary>Reads options from the command line and the environment, by the rules of Go's flag package and of etcd.</summary>
internal static class OptionSources
{
    private const int UnreadableFlag = 2;

    /// <summary>Reads flags: one or two dashes, "--x=v" or "--x v"; a switch takes its value only after "=".</summary>
    /// <param name="arguments">Arguments after the verb.</param>
    /// <param name="values">Receives the values.</param>
    /// <returns>False when help was asked for.</returns>
    public static bool ReadFlags(IReadOnlyList<string> arguments, OptionValues values)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument.Length < 2 || argument[0] != '-' || argument == "--")
            {
                throw new OptionException($"\"{argument}\" is not a flag; {Hint}", UnreadableFlag);
            }

            string flag = argument.StartsWith("--", StringComparison.Ordinal) ? argument[2..] : argument[1..];
            int equals = flag.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? flag : flag[..equals];
            if (name is "help" or "h")
            {
                return false;
            }

            if (!OptionTable.ByName.TryGetValue(name, out OptionDefinition? option))
            {
                throw new OptionException(Unknown(name), UnreadableFlag);
            }

            string? text = equals >= 0 ? flag[(equals + 1)..] : option.Kind == OptionKind.Switch ? "true" : null;
            if (text is null && ++i >= arguments.Count)
            {
                throw new OptionException($"flag --{name} needs a value", UnreadableFlag);
            }

            values.Set(option, text ?? arguments[i], "--" + name, UnreadableFlag);
        }

        return true;
    }

    /// <summary>Reads ETCD_* variables. An option both here and among the flags is an error; an unknown variable a warning.</summary>
    public static void ReadEnvironment(IReadOnlyDictionary<string, string> environment, OptionValues values, List<string> warnings)
    {
        var known = OptionTable.ByName.Values.ToDictionary(option => option.EnvironmentVariable, StringComparer.Ordinal);
        foreach ((string variable, string text) in environment.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (!variable.StartsWith("ETCD_", StringComparison.Ordinal) || text.Length == 0)
            {
                continue;
            }

            if (!known.TryGetValue(variable, out OptionDefinition? option))
            {
                warnings.Add($"unrecognized environment variable {variable}");
                continue;
            }

            if (values.IsGiven(option.Name))
            {
                throw new OptionException(
                    $"conflicting environment variable \"{variable}\" is shadowed by corresponding command-line flag "
                    + "(either unset environment variable or disable flag)");
            }

            values.Set(option, text, variable, exitCode: 1);
        }
    }

    private static string Hint => "run 'etcdish server --help' for the list";

    private static string Unknown(string name) => name.StartsWith("experimental-", StringComparison.Ordinal)
        ? $"unknown flag --{name}: etcd removed the experimental flags in 3.7; try --{name["experimental-".Length..]}"
        : $"unknown flag --{name}; {Hint}";
}
