using System.Diagnostics;
using Etcdish.Kubelet.Kinds;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Folders of NFS servers, mounted by the system's own mount.nfs.</summary>
internal static class NfsMounts
{
    private static readonly string[] _helpers = ["/sbin/mount.nfs", "/usr/sbin/mount.nfs"];
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(2);

    /// <summary>Why this machine cannot mount NFS; null: it can.</summary>
    public static string? Problem => Array.Exists(_helpers, File.Exists)
        ? null
        : "this node cannot mount NFS: there is no /sbin/mount.nfs (Debian's package nfs-common has it)"
            + (File.ReadAllText("/proc/filesystems").Contains("\tnfs", StringComparison.Ordinal)
                ? ""
                : ", and its kernel lists no nfs in /proc/filesystems");

    /// <summary>Mounts a server's folder, unless it is mounted.</summary>
    /// <param name="source">The server's folder.</param>
    /// <param name="options">Options of the mount.</param>
    /// <param name="path">Where; the folder is made.</param>
    /// <param name="clock">The clock of how long it may take.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="VolumeException">It cannot be mounted.</exception>
    public static async Task EnsureAsync(
        NfsManifest source, IEnumerable<string> options, string path, TimeProvider clock, CancellationToken cancellation)
    {
        if (MountTable.IsMounted(path))
        {
            return;
        }

        if (Problem is { } problem)
        {
            throw new VolumeException("FailedMount", problem);
        }

        Directory.CreateDirectory(path);
        string[] all = source.ReadOnly ? ["ro", .. options] : [.. options];
        var server = source.Server.Contains(':') ? $"[{source.Server}]" : source.Server;
        var (code, output) = await RunAsync(
            ["-t", "nfs", .. all.Length > 0 ? (string[])["-o", string.Join(',', all)] : [], $"{server}:{source.Path}", path], clock, cancellation);
        if (code != 0)
        {
            throw new VolumeException("FailedMount", $"mount failed: exit status {code}\nOutput: {output.Trim()}");
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(
        string[] arguments, TimeProvider clock, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(_patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        using var mount = Process.Start(new ProcessStartInfo("mount", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        mount.StandardInput.Close();
        try
        {
            var output = mount.StandardOutput.ReadToEndAsync(either.Token);
            var errors = await mount.StandardError.ReadToEndAsync(either.Token);
            await mount.WaitForExitAsync(either.Token);
            return (mount.ExitCode, errors + await output);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            mount.Kill(entireProcessTree: true);
            throw new VolumeException("FailedMount", $"mount {string.Join(' ', arguments)} took longer than {_patience.TotalSeconds:f0} s");
        }
    }
}
