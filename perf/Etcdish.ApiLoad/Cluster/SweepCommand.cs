using System.CommandLine;
using System.Globalization;
using Etcdish.ApiLoad.Rows;
using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>api-load sweep: the rate of scheduling over numbers of nodes and pods, added to a file of comma-separated values.</summary>
internal static class SweepCommand
{
    private const string Header = "row,nodes,pods,bound_per_s,bound_per_s_behind_first_fifth";

    public static Command Create()
    {
        Option<int[]> nodes = new("--nodes")
        {
            Description = "numbers of nodes",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [SimulatedCluster.Nodes],
        };
        Option<int[]> pods = new("--pods")
        {
            Description = "numbers of pods, each with each number of nodes",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [10_000],
        };
        Option<bool> spread = new("--spread") { Description = "pods with constraints in place of plain ones" };
        Option<string> output = new("--csv") { Description = "the file, to which lines are added", Required = true };
        ServerArguments server = new();
        Command command = new("sweep", "Measure scheduling over numbers of nodes and pods.")
        {
            nodes, pods, spread, output, server.Executable, server.Folder,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            ScheduleRow row = parsed.GetValue(spread) ? ClusterCommand.Spread : ClusterCommand.Plain;
            foreach (int some in parsed.GetRequiredValue(nodes))
            {
                foreach (int backlog in parsed.GetRequiredValue(pods))
                {
                    using UpServer up = server.Make(parsed, $"sweep-{some}-{backlog}");
                    (Figure figure, double warm) = await row.MeasureAsync(up, some, backlog, cancellation);
                    Console.WriteLine(figure);
                    Add(parsed.GetRequiredValue(output), string.Create(
                        CultureInfo.InvariantCulture, $"{row.Name},{some},{backlog},{figure.Value:F0},{warm:F0}"));
                }
            }
        });
        return command;
    }

    private static void Add(string path, string line)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Header + "\n");
        }

        File.AppendAllText(path, line + "\n");
    }
}
