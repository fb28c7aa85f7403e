using System.CommandLine;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Rows;

/// <summary>A command that measures rows and prints a line for each figure.</summary>
internal static class RowCommand
{
    public static Command Create(string name, string description, IRow[] all)
    {
        Option<string> rows = new("--rows")
        {
            Description = $"which rows, with commas between: {string.Join(", ", all.Select(row => row.Name))}",
            DefaultValueFactory = _ => string.Join(',', all.Select(row => row.Name)),
        };
        Option<bool> assert = new("--assert") { Description = "end with exit code 1 if a promised bound is missed" };
        ServerArguments server = new();
        Command command = new(name, description) { rows, server.Executable, server.Folder, assert };
        command.SetAction((parsed, cancellation) => RunAsync(
            Choose(all, parsed.GetRequiredValue(rows)), row => server.Make(parsed, row.Name), parsed.GetValue(assert), cancellation));
        return command;
    }

    private static IRow[] Choose(IRow[] all, string names) =>
    [
        .. names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            Array.Find(all, row => row.Name == name) ?? throw new ArgumentException($"there is no row \"{name}\"")),
    ];

    private static async Task<int> RunAsync(IRow[] rows, Func<IRow, UpServer> makeServer, bool asserts, CancellationToken cancellation)
    {
        bool allHold = true;
        foreach (IRow row in rows)
        {
            using UpServer server = makeServer(row);
            foreach (Figure figure in await row.MeasureAsync(server, cancellation))
            {
                Console.WriteLine(figure);
                allHold &= figure.Holds;
            }
        }

        return asserts && !allHold ? 1 : 0;
    }
}
