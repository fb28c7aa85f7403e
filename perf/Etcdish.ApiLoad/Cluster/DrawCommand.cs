using System.CommandLine;
using System.Globalization;

namespace Etcdish.ApiLoad.Cluster;

/// <summary>api-load draw: what sweeps have measured, as a picture.</summary>
internal static class DrawCommand
{
    public static Command Create()
    {
        Option<string> input = new("--csv") { Description = "what sweep has written", Required = true };
        Option<string> output = new("--svg") { Description = "the picture", Required = true };
        Command command = new("draw", "Draw what sweep has measured.") { input, output };
        command.SetAction(parsed => File.WriteAllText(
            parsed.GetRequiredValue(output), Draw(File.ReadAllLines(parsed.GetRequiredValue(input)))));
        return command;
    }

    private static string Draw(string[] lines)
    {
        Sample[] samples = [.. lines.Skip(1).Select(Sample.Parse)];
        if (samples.Length == 0)
        {
            throw new ArgumentException("there is nothing to draw");
        }

        int mostNodes = samples.Max(sample => sample.Nodes), usualPods = Usual(samples, sample => sample.Pods);
        return new Picture("bound pods a second, backlog, 2 cores shared by all")
            .Add($"over nodes, {usualPods} pods", Lines(samples.Where(sample => sample.Pods == usualPods), sample => sample.Nodes))
            .Add($"over pods, {mostNodes} nodes", Lines(samples.Where(sample => sample.Nodes == mostNodes), sample => sample.Pods))
            .ToString();
    }

    /// <summary>The number that is there most often: the one that was held while another was varied.</summary>
    private static int Usual(Sample[] samples, Func<Sample, int> number) =>
        samples.GroupBy(number).MaxBy(group => group.Select(sample => sample.Nodes).Distinct().Count())!.Key;

    private static PictureLine[] Lines(IEnumerable<Sample> samples, Func<Sample, int> at) =>
    [
        .. samples.GroupBy(sample => sample.Row).Select(row => new PictureLine(
            row.Key,
            [.. row.GroupBy(at).OrderBy(point => point.Key).Select(point => ((double)point.Key, point.Average(sample => sample.PerSecond)))])),
    ];

    private readonly record struct Sample(string Row, int Nodes, int Pods, double PerSecond)
    {
        public static Sample Parse(string line)
        {
            string[] cells = line.Split(',');
            return new Sample(
                cells[0],
                int.Parse(cells[1], CultureInfo.InvariantCulture),
                int.Parse(cells[2], CultureInfo.InvariantCulture),
                double.Parse(cells[3], CultureInfo.InvariantCulture));
        }
    }
}
