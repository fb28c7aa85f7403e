using System.IO.Pipelines;
using System.Text;
using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Server;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Logs;

/// <summary>Logs that are read while they are written.</summary>
internal sealed class FollowTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(20);

    private LogBench _bench = null!;
    private TaskCompletionSource _ended = null!;

    [SetUp]
    public void Start()
    {
        _bench = new LogBench();
        _ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [TearDown]
    public void Stop() => _bench.Dispose();

    [Test]
    public async Task What_is_written_comes_and_the_end_of_the_container_ends_it()
    {
        _bench.Write(LogBench.Lines(0, 3));
        var pipe = new Pipe();
        var copying = CopyAsync(new LogQuery { Follow = true, TailLines = 1 }, pipe.Writer);

        await ExpectAsync(pipe.Reader, "line 2\n");
        await File.AppendAllTextAsync(_bench.Log, LogBench.Entry(3, "line 3"));
        await ExpectAsync(pipe.Reader, "line 3\n");
        await File.AppendAllTextAsync(_bench.Log, LogBench.Entry(4, "last words"));
        _ended.SetResult();
        await copying.WaitAsync(_patience);

        await ExpectAsync(pipe.Reader, "last words\n");
        Assert.That((await pipe.Reader.ReadAsync()).IsCompleted, Is.True);
    }

    [Test]
    public async Task No_lines_and_a_tail_of_none_still_follow()
    {
        _bench.Write(LogBench.Lines(0, 3));
        var pipe = new Pipe();
        var copying = CopyAsync(new LogQuery { Follow = true, TailLines = 0 }, pipe.Writer);

        await File.AppendAllTextAsync(_bench.Log, LogBench.Entry(3, "new"));
        await ExpectAsync(pipe.Reader, "new\n");
        _ended.SetResult();
        await copying.WaitAsync(_patience);
    }

    [Test]
    public async Task Every_line_comes_once_and_in_order_while_the_log_is_rotated_and_compressed()
    {
        const int Lines = 30_000;
        using var folder = new TemporaryFolder();
        var folders = new PodFolders(folder.File("root"), folder.File("pods"), folder.File("containers"));
        var container = HostRuntime.Container("c1", new PodIdentity("ns", "web", "uid"), "main", ContainerPhase.Running);
        var log = folders.Log(container.Pod, "main", 0);
        await using var writer = new LogWriter(log);
        var runtime = new HostRuntime { Reopen = _ => writer.Reopen() };
        runtime.Set(container);
        var options = new KubeletOptions { LogMaxBytes = 20_000, LogMaxFiles = 1000 };
        var clock = new ManualClock();
        var rotation = new LogRotation(runtime, folders, new LogLinks(folders), options, clock, TestContext.Out.WriteLine);
        var pipe = new Pipe();
        await using var cursor = (await _bench.Reader.OpenAsync(log, new LogQuery { Follow = true }, CancellationToken.None))!;
        var copying = cursor.CopyAsync(pipe.Writer, _ended.Task, CancellationToken.None);

        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < Lines; i++)
            {
                writer.Write(i);
                if (i % 2_000 == 1_999)
                {
                    // Some rounds fall together with writing, some come while all is quiet.
                    clock.Advance(TimeSpan.FromSeconds(10));
                    var round = rotation.RotateAllAsync(CancellationToken.None);
                    await (i % 4_000 == 1_999 ? round : Task.CompletedTask);
                    writer.Write(++i);
                    await round;
                }
            }

            _ended.SetResult();
        });

        using var reader = new StreamReader(pipe.Reader.AsStream());
        for (var i = 0; i < Lines; i++)
        {
            Assert.That(await reader.ReadLineAsync().WaitAsync(_patience), Is.EqualTo($"line {i}"));
        }

        await Task.WhenAll(writing, copying).WaitAsync(_patience);
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(log)!, "*.gz"), Is.Not.Empty);
    }

    [Test]
    public async Task A_reader_who_does_not_read_holds_up_the_reading_and_not_memory()
    {
        _bench.Write(string.Concat(Enumerable.Repeat(LogBench.Entry(0, new string('x', 1000)), 10_000)));
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 65_536, resumeWriterThreshold: 32_768));
        using var cancel = new CancellationTokenSource();
        await using var cursor = (await _bench.Reader.OpenAsync(_bench.Log, new LogQuery(), CancellationToken.None))!;
        var copying = cursor.CopyAsync(pipe.Writer, Task.CompletedTask, cancel.Token);

        // The copy runs on this thread until it has to wait, and waits for nothing else than the reader.
        Assert.That(copying.IsCompleted, Is.False);
        var held = await pipe.Reader.ReadAsync();
        Assert.That(held.Buffer.Length, Is.LessThan(150_000));
        pipe.Reader.AdvanceTo(held.Buffer.Start);
        await cancel.CancelAsync();

        Assert.That(async () => await copying, Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Who_goes_away_ends_it()
    {
        _bench.Write(LogBench.Lines(0, 3));
        using var cancel = new CancellationTokenSource();
        await using var cursor = (await _bench.Reader.OpenAsync(_bench.Log, new LogQuery { Follow = true }, CancellationToken.None))!;
        var copying = cursor.CopyAsync(new Pipe().Writer, _ended.Task, cancel.Token);

        await cancel.CancelAsync();

        Assert.That(async () => await copying.WaitAsync(_patience), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Where_a_folder_cannot_be_watched_it_is_looked_at_every_second()
    {
        var clock = new ManualClock();
        List<string> warnings = [];
        using var watch = new FolderWatch(clock, warnings.Add);
        using var signal = watch.Watch("/no/such/folder");
        var waiting = signal.WaitAsync(CancellationToken.None);
        Assert.That(waiting.IsCompleted, Is.False);

        clock.Advance(TimeSpan.FromSeconds(1));

        await waiting.WaitAsync(_patience);
        Assert.That(warnings, Has.One.Contains("/no/such/folder cannot be watched"));
    }

    [Test]
    public async Task Watches_of_one_folder_end_apart_and_begin_again()
    {
        using var folder = new TemporaryFolder();
        using var watch = new FolderWatch(TimeProvider.System, Assert.Fail);
        for (var round = 0; round < 20; round++)
        {
            using var first = watch.Watch(folder.FullPath);
            using (watch.Watch(folder.FullPath))
            {
            }

            await File.WriteAllTextAsync(folder.File("a"), "text");
            await first.WaitAsync(CancellationToken.None).WaitAsync(_patience);
        }
    }

    private static async Task ExpectAsync(PipeReader reader, string text)
    {
        var read = await reader.ReadAtLeastAsync(text.Length).AsTask().WaitAsync(_patience);
        Assert.That(Encoding.UTF8.GetString(read.Buffer), Is.EqualTo(text));
        reader.AdvanceTo(read.Buffer.End);
    }

    private async Task CopyAsync(LogQuery query, PipeWriter output)
    {
        await using var cursor = (await _bench.Reader.OpenAsync(_bench.Log, query, CancellationToken.None))!;
        await cursor.CopyAsync(output, _ended.Task, CancellationToken.None);
        await output.CompleteAsync();
    }

    /// <summary>Writes a log as a runtime does: on when its file was renamed, to a new one when told so.</summary>
    private sealed class LogWriter : IAsyncDisposable
    {
        private readonly string _path;
        private readonly Lock _lock = new();
        private FileStream _file;

        public LogWriter(string path)
        {
            _path = path;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            _file = Open();
        }

        public void Write(int number)
        {
            lock (_lock)
            {
                _file.Write(Encoding.UTF8.GetBytes(LogBench.Entry(number, $"line {number}")));
            }
        }

        public void Reopen()
        {
            lock (_lock)
            {
                _file.Dispose();
                _file = Open();
            }
        }

        public ValueTask DisposeAsync() => _file.DisposeAsync();

        private FileStream Open() => new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }
}
