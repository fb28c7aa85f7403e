using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>Waits until a log file says something, told by the file system when it grows.</summary>
internal sealed class LogWait : IDisposable
{
    private readonly string _path;
    private readonly SemaphoreSlim _changes = new(0);
    private readonly FileSystemWatcher _watcher;

    public LogWait(string path)
    {
        _path = path;
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!);
        _watcher.Changed += (_, _) => _changes.Release();
        _watcher.Created += (_, _) => _changes.Release();
        _watcher.EnableRaisingEvents = true;
    }

    public async Task ForAsync(string text)
    {
        while (!File.Exists(_path) || !(await File.ReadAllTextAsync(_path, Cancellation)).Contains(text, StringComparison.Ordinal))
        {
            Assert.That(await _changes.WaitAsync(TimeSpan.FromSeconds(20), Cancellation), Is.True, $"{_path} never said {text}");
        }
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _changes.Dispose();
    }
}
