using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Etcdish.Cli.Verbs;
using Etcdish.Kubernetes;

namespace Etcdish.Cli;

/// <summary>
/// What <c>--help</c> shows: of a command with others below it, a line for each; of one that does something, what it does, its options group
/// by group, and examples last. A mistake on the command line is told in a line or two, without all that.
/// </summary>
internal sealed class HelpPage : SynchronousCommandLineAction
{
    private const int WrongUsage = 1;
    private const int NameColumn = 34;
    private const int MostColumns = 120;
    private const int FewestColumns = 60;
    private const long NanosecondsPerTick = 100;

    private readonly TextWriter _output;
    private readonly int _columns;

    private HelpPage(TextWriter output) => (_output, _columns) = (output, Math.Clamp(WindowColumns(), FewestColumns, MostColumns));

    /// <summary>Makes these pages the help of a command line.</summary>
    public static void Install(RootCommand root) => root.Options.OfType<HelpOption>().Single().Action = new HelpPage(TextWriter.Null);

    /// <summary>Tells what is wrong with a command line, or what there is where a verb is missing; the exit code.</summary>
    public static int Refuse(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
        {
            Show(command, Console.Error);
            return WrongUsage;
        }

        foreach (var error in parsed.Errors)
        {
            Console.Error.WriteLine($"etcdish: {error.Message}");
        }

        Console.Error.WriteLine($"etcdish: {PathOf(command)} --help tells what there is");
        return WrongUsage;
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult) =>
        Show(parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);

    private static int Show(Command command, TextWriter output)
    {
        new HelpPage(output).Write(command);
        return 0;
    }

    // Where the output is no terminal there is no window.
    private static int WindowColumns() => Console.IsOutputRedirected ? MostColumns : Console.WindowWidth - 1;

    private void Write(Command command)
    {
        var (text, examples) = SplitExamples(command.Description ?? "");
        foreach (var paragraph in text.Split("\n\n"))
        {
            WriteWrapped(paragraph.ReplaceLineEndings(" "), indent: 0);
            _output.WriteLine();
        }

        WriteUsage(command);
        WriteRows("Commands", command.Subcommands.Where(verb => !verb.Hidden).Select(verb => (verb.Name, FirstSentence(verb.Description ?? ""))));
        WriteRows("Arguments", command.Arguments.Select(argument => ($"<{argument.Name}>", argument.Description ?? "")));
        foreach (var (title, options) in Groups(command))
        {
            WriteRows(title, options.Where(option => !option.Hidden).Select(option => (NamesOf(option), Describe(option))));
        }

        if (examples.Length > 0)
        {
            _output.WriteLine();
            _output.WriteLine(examples);
        }
    }

    private void WriteUsage(Command command)
    {
        var path = PathOf(command);
        var arguments = string.Concat(command.Arguments.Select(argument =>
            argument.Arity.MinimumNumberOfValues > 0 ? $" <{argument.Name}>" : $" [<{argument.Name}>]"));
        _output.WriteLine(command.Subcommands.Count > 0
            ? $"Usage: {path} <command> [options]        {path} <command> --help tells more of it"
            : $"Usage: {path}{arguments} [options]");
    }

    private static string PathOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : command.Name;

    private static IEnumerable<OptionGroup> Groups(Command command)
    {
        var groups = command is VerbCommand verb ? verb.Groups : [new OptionGroup("Options", [.. command.Options])];
        var isClient = command.Parents.OfType<Command>().Any(parent => parent is not RootCommand);
        return isClient ? [.. groups, new OptionGroup("The server", ClientVerb.Options)]
            : command is RootCommand ? [new OptionGroup("Options", [.. command.Options.Except(ClientVerb.Options)])]
            : groups;
    }

    private void WriteRows(string title, IEnumerable<(string Name, string Text)> rows)
    {
        var isFirst = true;
        foreach (var (name, text) in rows)
        {
            if (isFirst)
            {
                _output.WriteLine();
                _output.WriteLine(title + ":");
                isFirst = false;
            }

            var isNarrow = name.Length + 4 <= NameColumn;
            _output.Write(isNarrow ? ("  " + name).PadRight(NameColumn) : $"  {name}{Environment.NewLine}{new string(' ', NameColumn)}");
            WriteWrapped(text, NameColumn);
        }
    }

    /// <summary>Writes words from where the line stands, which is at the indent, and breaks lines before the last column.</summary>
    private void WriteWrapped(string text, int indent)
    {
        var column = indent;
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (column > indent && column + 1 + word.Length > _columns)
            {
                _output.WriteLine();
                _output.Write(new string(' ', indent));
                column = indent;
            }

            _output.Write(column > indent ? " " + word : word);
            column += word.Length + (column > indent ? 1 : 0);
        }

        _output.WriteLine();
    }

    private static (string Text, string Examples) SplitExamples(string description)
    {
        var at = description.IndexOf("\n\nExample", StringComparison.Ordinal);
        return at < 0 ? (description.Trim(), "") : (description[..at].Trim(), description[at..].Trim());
    }

    private static string FirstSentence(string description)
    {
        var (text, _) = SplitExamples(description);
        var line = text.ReplaceLineEndings(" ");
        var end = line.IndexOfAny([':', '.']);
        return end < 0 ? line : line[..end];
    }

    private static string NamesOf(Option option)
    {
        var names = string.Join(", ", option.Aliases.Where(alias => alias[0] == '-').Prepend(option.Name));
        return option.ValueType == typeof(bool) || option.ValueType == typeof(void) ? names : $"{names} <{option.HelpName ?? KindOf(option.ValueType)}>";
    }

    private static string KindOf(Type type) =>
        type == typeof(TimeSpan) ? "time"
        : type == typeof(int) || type == typeof(long) || type == typeof(double) ? "n"
        : type.IsEnum ? string.Join('|', Enum.GetNames(type)).ToLowerInvariant()
        : type == typeof(System.Net.IPAddress) || type == typeof(System.Net.IPAddress[]) ? "address"
        : "value";

    private static string Describe(Option option)
    {
        var value = option.Required ? "required" : option.HasDefaultValue ? Show(option.GetDefaultValue()) : "";
        return value.Length == 0 ? option.Description ?? "" : $"{option.Description} [{value}]";
    }

    private static string Show(object? value) => value switch
    {
        null or false => "",
        TimeSpan time => DurationText.Format(time.Ticks * NanosecondsPerTick),
        string text => text,
        Enum choice => choice.ToString().ToLowerInvariant(),
        IEnumerable => "",
        _ => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "",
    };
}
