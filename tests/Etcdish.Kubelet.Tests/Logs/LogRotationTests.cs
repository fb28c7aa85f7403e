using Etcdish.Kubelet.Logs;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Server;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Logs;

/// <summary>Rotation of logs, and links to them.</summary>
internal sealed class LogRotationTests
{
    private static readonly PodIdentity _pod = new("ns", "web", "uid");

    private ManualClock _clock = null!;
    private List<string> _warnings = null!;
    private TemporaryFolder _folder = null!;
    private PodFolders _folders = null!;
    private HostRuntime _runtime = null!;
    private LogRotation _rotation = null!;
    private string _log = "";

    [SetUp]
    public void Start()
    {
        (_clock, _warnings) = (new ManualClock(), []);
        _folder = new TemporaryFolder();
        _folders = new PodFolders(_folder.File("root"), _folder.File("pods"), _folder.File("containers"));
        _log = _folders.Log(_pod, "main", 0);
        Directory.CreateDirectory(Path.GetDirectoryName(_log)!);
        _runtime = new HostRuntime { Reopen = _ => File.WriteAllText(_log, "") };
        _runtime.Set(HostRuntime.Container("abc", _pod, "main", ContainerPhase.Running));
        var options = new KubeletOptions { LogMaxBytes = 100, LogMaxFiles = 3 };
        _rotation = new LogRotation(_runtime, _folders, new LogLinks(_folders), options, _clock, _warnings.Add);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await _runtime.DisposeAsync();
        _folder.Dispose();
        Assert.That(_warnings, Is.Empty);
    }

    [Test]
    public async Task A_log_that_is_too_large_is_begun_anew_older_ones_are_compressed_and_the_oldest_go()
    {
        await RoundAsync(new string('a', 100));
        Assert.That(Files(), Is.EqualTo("0.log"));

        await RoundAsync(new string('b', 101));
        Assert.That(Files(), Is.EqualTo("0.log 0.log.20260101-000020"));

        await RoundAsync(new string('c', 101));
        Assert.That(Files(), Is.EqualTo("0.log 0.log.20260101-000020.gz 0.log.20260101-000030"));

        await RoundAsync(new string('d', 101));
        Assert.That(Files(), Is.EqualTo("0.log 0.log.20260101-000030.gz 0.log.20260101-000040"));
        Assert.That(_runtime.Reopened, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task A_clock_that_goes_back_does_not_change_the_order()
    {
        File.WriteAllText(_log + ".20270101-000000", "later");

        await RoundAsync(new string('b', 101));

        Assert.That(Files(), Is.EqualTo("0.log 0.log.20270101-000000.gz 0.log.20270101-000001"));
    }

    [Test]
    public async Task What_a_kill_left_is_set_right()
    {
        File.WriteAllText(_log + ".20250101-000000", "whole");
        File.WriteAllText(_log + ".20250101-000000.gz", "compressed");
        File.WriteAllText(_log + ".20250102-000000.tmp", "half");

        await RoundAsync(new string('b', 101));
        Assert.That(Files(), Is.EqualTo("0.log 0.log.20250101-000000.gz 0.log.20260101-000010"));

        // Killed between the renaming and the new beginning.
        File.Move(_log, _log + ".20260101-000015");
        _clock.Advance(TimeSpan.FromSeconds(10));
        await _rotation.RotateAllAsync(CancellationToken.None);
        Assert.That(File.Exists(_log), Is.True);
    }

    [Test]
    public async Task A_runtime_that_does_not_begin_anew_leaves_the_log_as_it_was()
    {
        _runtime.Reopen = _ => throw new RuntimeException("not now");

        await RoundAsync(new string('b', 101));

        Assert.That(Files(), Is.EqualTo("0.log"));
        Assert.That(_warnings, Has.One.Contains("not now"));
        _warnings.Clear();
    }

    [Test]
    public async Task Links_lead_to_logs_of_what_runs_and_broken_ones_go()
    {
        File.WriteAllText(_log, "text");
        await _rotation.RotateAllAsync(CancellationToken.None);
        var link = _folder.File("containers/web_ns_main-abc.log");
        Assert.That(new FileInfo(link).LinkTarget, Is.EqualTo(_log));
        File.CreateSymbolicLink(_folder.File("containers/web_ns_main-gone.log"), _folders.Log(_pod, "gone", 0));
        File.CreateSymbolicLink(_folder.File("containers/another.log"), "/somebody/elses");

        await _rotation.RotateAllAsync(CancellationToken.None);

        Assert.That(
            new DirectoryInfo(_folder.File("containers")).EnumerateFiles().Select(f => f.Name).Order(),
            Is.EqualTo(new[] { "another.log", "web_ns_main-abc.log" }));
        new LogLinks(_folders).Remove(_pod, "main", "abc");
        LogSegment.DeleteAll(_log);
        Assert.That(File.Exists(_log) || new FileInfo(link).LinkTarget is not null, Is.False);
    }

    [Test]
    public async Task The_end_of_a_container_is_told_once_it_is_seen_and_nobody_is_asked_when_nobody_waits()
    {
        await using var ends = new ContainerEnds(_runtime, _clock, _warnings.Add);
        await ends.WaitAsync("none", CancellationToken.None);
        var waits = Enumerable.Range(0, 50).Select(_ => ends.WaitAsync("abc", CancellationToken.None)).ToArray();
        Assert.That(waits.Any(wait => wait.IsCompleted), Is.False);

        _runtime.Set(HostRuntime.Container("abc", _pod, "main", ContainerPhase.Exited));

        await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.That(_runtime.Lists, Is.LessThan(10));
    }

    private async Task RoundAsync(string content)
    {
        File.WriteAllText(_log, content);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await _rotation.RotateAllAsync(CancellationToken.None);
    }

    private string Files() => string.Join(' ', Directory.GetFiles(Path.GetDirectoryName(_log)!).Select(Path.GetFileName).Order());
}
