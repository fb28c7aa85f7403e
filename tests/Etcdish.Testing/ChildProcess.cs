using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Etcdish.Testing;

/// <summary>
/// A program started by a test: its input, its captured outputs, signals and its end. Whatever still runs when the test host exits
/// is killed.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    private static readonly ConcurrentDictionary<ChildProcess, bool> _running = new();
    private readonly Process _process;
    private readonly Task _outputs;

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) => KillAll();

    private ChildProcess(Process process)
    {
        _process = process;
        _running[this] = true;
        _outputs = Task.WhenAll(
            StandardOutput.CopyAsync(process.StandardOutput.BaseStream),
            StandardError.CopyAsync(process.StandardError.BaseStream));
    }

    public CapturedText StandardOutput { get; } = new();

    public CapturedText StandardError { get; } = new();

    public StreamWriter StandardInput => _process.StandardInput;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    public static ChildProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var process = new Process { StartInfo = start };
        process.Start();
        return new ChildProcess(process);
    }

    public void Send(Signal signal)
    {
        if (!_process.HasExited && Kill(_process.Id, (int)signal) != 0)
            throw new InvalidOperationException($"cannot send {signal} to process {_process.Id}: errno {Marshal.GetLastPInvokeError()}");
    }

    /// <summary>Kills without warning, as <c>kill -9</c> does, and waits for the end.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        WaitForExit(TimeSpan.FromSeconds(30));
    }

    /// <summary>Waits for the end and for the rest of the output.</summary>
    /// <exception cref="TimeoutException">It still runs after <paramref name="limit"/>; the message holds its outputs.</exception>
    public int WaitForExit(TimeSpan limit)
    {
        if (!_process.WaitForExit(limit))
            throw new TimeoutException($"process {Describe()} still runs after {limit.TotalSeconds:0} s");
        // A grandchild may hold the pipes open; the program itself is gone, so what it wrote is there or will never be.
        _outputs.Wait(TimeSpan.FromSeconds(5));
        _running.TryRemove(this, out _);
        return _process.ExitCode;
    }

    /// <summary>The command and both outputs, for failure messages.</summary>
    public string Describe()
    {
        string command = string.Join(' ', [_process.StartInfo.FileName, .. _process.StartInfo.ArgumentList]);
        string state = _process.HasExited ? $"exited with code {_process.ExitCode}" : "is running";
        return $"`{command}` {state}\n--- its stdout\n{StandardOutput.Text}\n--- its stderr\n{StandardError.Text}\n---";
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    private static void KillAll()
    {
        foreach (ChildProcess child in _running.Keys)
            child._process.Kill(entireProcessTree: true);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
