using System.Text;
using System.Text.Json;
using Etcdish.Server.Logging;

namespace Etcdish.Server.Tests;

public sealed class ServerLogTests
{
    [Test]
    public async Task A_line_is_json_as_etcd_writes_it()
    {
        using var output = new MemoryStream();
        await using (var log = new ServerLog([output], LogLevel.Info, isConsole: false, TimeProvider.System))
        {
            log.Info("ready to serve client requests", [new("took", TimeSpan.FromMilliseconds(250)), new("urls", new[] { "a", "b" }), new("n", 3)]);
        }

        JsonElement line = JsonDocument.Parse(output.ToArray()).RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(line.EnumerateObject().Select(property => property.Name).Take(4), Is.EqualTo(new[] { "level", "ts", "caller", "msg" }));
            Assert.That(line.GetProperty("level").GetString(), Is.EqualTo("info"));
            Assert.That(line.GetProperty("ts").GetString(), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$"));
            Assert.That(line.GetProperty("caller").GetString(), Does.Match(@"^Etcdish\.Server\.Tests/ServerLogTests\.cs:\d+$"));
            Assert.That(line.GetProperty("msg").GetString(), Is.EqualTo("ready to serve client requests"));
            Assert.That(line.GetProperty("took").GetString(), Is.EqualTo("250ms"));
            Assert.That(line.GetProperty("urls").GetArrayLength(), Is.EqualTo(2));
            Assert.That(line.GetProperty("n").GetInt32(), Is.EqualTo(3));
        });
    }

    [Test]
    public async Task Lines_below_the_level_are_left_out()
    {
        using var output = new MemoryStream();
        await using (var log = new ServerLog([output], LogLevel.Warn, isConsole: true, TimeProvider.System))
        {
            log.Info("quiet");
            log.Warn("loud", [new("why", "test")]);
        }

        Assert.That(Encoding.UTF8.GetString(output.ToArray()), Does.Not.Contain("quiet").And.Contain("warn\t").And.Contain("{\"why\":\"test\"}"));
    }

    [Test]
    public async Task A_stalled_output_costs_lines_but_no_time_and_the_loss_is_told()
    {
        using var output = new StalledStream();
        var log = new ServerLog([output], LogLevel.Info, isConsole: false, TimeProvider.System);
        log.Info("first");
        await output.WriteBegan;
        for (int i = 0; i < 10_000; i++)
        {
            log.Info("more");
        }

        Assert.That(log.Dropped, Is.GreaterThan(0));
        output.Resume();
        await log.DisposeAsync();
        Assert.That(output.LineCount, Is.LessThan(10_001));
    }

    private sealed class StalledStream : MemoryStream
    {
        private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task WriteBegan => _began.Task;

        public int LineCount { get; private set; }

        public void Resume() => _resumed.SetResult();

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _began.TrySetResult();
            await _resumed.Task;
            LineCount++;
        }
    }
}
