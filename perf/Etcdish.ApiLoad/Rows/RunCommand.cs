using System.CommandLine;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Rows;

/// <summary>api-load run: measures rows and prints a line for each.</summary>
internal static class RunCommand
{
    private static readonly IRow[] _rows = [new StartRow(), new CreateRow(), new ListRow(), new WatchRow()];

    public static Command Create()
    {
        Option<string> rows = new("--rows")
        {
            Description = $"which rows, with commas between: {string.Join(", ", _rows.Select(row => row.Name))}",
            DefaultValueFactory = _ => string.Join(',', _rows.Select(row => row.Name)),
        };
        Option<string> server = new("--server")
        {
            Description = "the executable that is run as \"<path> up\"",
            DefaultValueFactory = _ => UpServer.BuiltExecutable(),
        };
        Option<string> folder = new("--folder")
        {
            Description = "where servers keep their data; on the disk that is to be measured",
            DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), $"etcdish-api-load-{Environment.ProcessId}"),
        };
        Option<bool> assert = new("--assert") { Description = "end with exit code 1 if a promised bound is missed" };
        Command command = new("run", "Measure rows, each on a server of its own.") { rows, server, folder, assert };
        command.SetAction((parsed, cancellation) => RunAsync(
            Choose(parsed.GetRequiredValue(rows)),
            parsed.GetRequiredValue(server),
            parsed.GetRequiredValue(folder),
            parsed.GetValue(assert),
            cancellation));
        return command;
    }

    private static IRow[] Choose(string names) =>
    [
        .. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            Array.Find(_rows, row => row.Name == name) ?? throw new ArgumentException($"there is no row \"{name}\"")),
    ];

    private static async Task<int> RunAsync(
        IRow[] rows, string executable, string folder, bool asserts, CancellationToken cancellation)
    {
        bool allHold = true;
        foreach (IRow row in rows)
        {
            using UpServer server = new(executable, Path.Combine(folder, row.Name));
            foreach (Figure figure in await row.MeasureAsync(server, cancellation))
            {
                Console.WriteLine(figure);
                allHold &= figure.Holds;
            }
        }

        return asserts && !allHold ? 1 : 0;
    }
}
