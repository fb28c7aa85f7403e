using Etcdish.ApiLoad.Running;

namespace Etcdish.ApiLoad.Rows;

/// <summary>From the start of the process on an empty folder to the first answer to <c>/readyz</c>, and the memory it holds when idle.</summary>
internal sealed class StartRow : IRow
{
    private const double MaxSeconds = 1.5;
    private const double MaxMebibytes = 150;

    private static readonly TimeSpan _idle = TimeSpan.FromSeconds(10);

    public string Name => "start";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        double seconds = (await server.StartAsync(cancellation)).TotalSeconds;
        double begun = server.Usage.CpuSeconds;
        await Task.Delay(_idle, cancellation);
        double cpu = server.Usage.CpuSeconds - begun;
        return
        [
            new Figure("start", seconds, "s to /readyz", MaxSeconds, false, $"CPU {begun:N2} s"),
            new Figure(
                "idle",
                server.Usage.ResidentBytes / 1048576.0,
                "MiB resident",
                MaxMebibytes,
                false,
                $"after {_idle.TotalSeconds:N0} s, in which it took {cpu:N2} s of CPU"),
        ];
    }
}
