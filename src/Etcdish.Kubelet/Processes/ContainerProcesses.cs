using System.Diagnostics;

namespace Etcdish.Kubelet.Processes;

/// <summary>Starts further processes in a container that runs.</summary>
internal sealed class ContainerProcesses(ProcessContainer container, ContainerGroups groups, bool isPrivileged)
{
    /// <summary>Starts a command with pipes for its streams. In a terminal, standard error tells how the start went.</summary>
    /// <exception cref="Runtime.RuntimeException">The container does not run.</exception>
    public ContainerCommand Start(IReadOnlyList<string> command, bool tty)
    {
        var (record, first) = (container.Record, container.RunningProcess());
        var script = StartScript.Execute(record, container.Folder, first, isPrivileged, groups.JoinFiles(record.Cgroup), command, tty);
        var start = ShellCommands.Start([script]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        var process = ShellCommands.Launch(start);
        return new ContainerCommand(process, container.Track(process.Id));
    }
}

/// <summary>A command that was started in a container. Disposing kills what is left of its sessions.</summary>
internal sealed class ContainerCommand(Process process, IDisposable tracked) : IDisposable
{
    private int _terminalSession;

    public Process Process { get; } = process;

    public Stream Input { get; } = process.StandardInput.BaseStream;

    public Stream Output { get; } = process.StandardOutput.BaseStream;

    public Stream Errors { get; } = process.StandardError.BaseStream;

    /// <summary>Reads how its start went, if it runs in a terminal.</summary>
    public async Task<StartOutcome> ReadStartAsync()
    {
        var outcome = await ShellCommands.ReadStartAsync(Process.StandardError);
        Volatile.Write(ref _terminalSession, outcome.Process);
        return outcome;
    }

    /// <summary>Kills it and what it started, as far as that is in its session or that of its terminal.</summary>
    public void Kill()
    {
        int[] sessions = [Process.Id, Volatile.Read(ref _terminalSession)];
        foreach (var member in ProcessIdentity.ListAll().Where(member => member.Session != 0 && sessions.Contains(member.Session)))
        {
            LinuxCalls.Signal(member.Identity.Id, LinuxCalls.SignalKill);
        }
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Kill();
        }

        tracked.Dispose();
        Process.Dispose();
    }
}
