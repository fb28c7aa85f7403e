using System.Diagnostics;
using System.Text;
using Etcdish.ApiLoad.Http;
using Etcdish.ApiLoad.Running;
using Etcdish.Load.Measuring;

namespace Etcdish.ApiLoad.Rows;

/// <summary>All of 10,000 pods listed, again and again, over one connection; what counts is the server's CPU time.</summary>
internal sealed class ListRow : IRow
{
    private const int Pods = 10_000;
    private const int Writers = 10;
    private const int Lists = 20;
    private const double MinMegabytesPerCpuSecond = 200;

    private const string Path = "/api/v1/namespaces/default/pods";

    public string Name => "list";

    public async Task<IReadOnlyList<Figure>> MeasureAsync(UpServer server, CancellationToken cancellation)
    {
        await server.StartAsync("apiserver", [], cancellation);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => FillAsync(server, writer, cancellation)));
        await using HttpConnection connection = await server.ConnectAsync(cancellation);
        await ListAsync(connection, Lists, cancellation);
        ProcessUsage before = server.Usage;
        long begun = Stopwatch.GetTimestamp();
        long bytes = await ListAsync(connection, Lists, cancellation);
        double seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        ProcessUsage after = server.Usage;
        return
        [
            new Figure(
                Name,
                bytes / 1e6 / (after.CpuSeconds - before.CpuSeconds),
                "MB per s of CPU",
                MinMegabytesPerCpuSecond,
                true,
                $"{Pods} pods of {bytes / Lists / Pods} bytes, TLS; {bytes / 1e6 / seconds:N0} MB/s, {seconds / Lists * 1000:N0} ms a list; "
                + $"{after.ResidentBytes >> 20} MiB resident"),
        ];
    }

    private static async Task<long> ListAsync(HttpConnection connection, int times, CancellationToken cancellation)
    {
        byte[] request = HttpConnection.Get(Path);
        long bytes = 0;
        for (int i = 0; i < times; i++)
        {
            await connection.SendAsync(request, cancellation);
            bytes += (await connection.ReadAnswerAsync(cancellation)).Bytes;
        }

        return bytes;
    }

    private static async Task FillAsync(UpServer server, int writer, CancellationToken cancellation)
    {
        await using HttpConnection connection = await server.ConnectAsync(cancellation);
        for (int i = writer; i < Pods; i += Writers)
        {
            await connection.SendAsync(HttpConnection.WithBody("POST", Path, "application/json", Pod($"pod-{i}")), cancellation);
            Answer answer = await connection.ReadAnswerAsync(cancellation);
            if (answer.Status != 201)
            {
                throw new InvalidOperationException($"a pod was answered with {answer.Status}");
            }
        }
    }

    private static string Pod(string name)
    {
        StringBuilder variables = new();
        for (int i = 0; i < 16; i++)
        {
            variables.Append(i > 0 ? "," : "").Append($$"""{"name":"SETTING_{{i}}","value":"a value of some length, as they are {{i}}"}""");
        }

        return $$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{name}}","labels":{"app":"load","pod":"{{name}}"} },
            "spec":{"containers":[{"name":"main","image":"registry.example/app:1.0","command":["serve","--port=8080"],
            "env":[{{variables}}],"ports":[{"containerPort":8080}],
            "resources":{"requests":{"cpu":"100m","memory":"64Mi"},"limits":{"memory":"128Mi"} } }] } }
            """;
    }
}
