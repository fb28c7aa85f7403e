using System.IO.Compression;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Keeps logs of running containers within limits. A log that is too large gets the name of the moment, and the runtime begins it anew;
/// those that were rotated before are compressed, and the oldest go. What is left when it is killed on the way is set right by the next
/// round: a log that nobody has begun anew is, a file that was half compressed is compressed again, and of two forms of a file the compressed
/// one is whole.
/// </summary>
internal sealed class LogRotation
{
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(10);

    private readonly IContainerRuntime _runtime;
    private readonly PodFolders _folders;
    private readonly LogLinks _links;
    private readonly long _maxBytes;
    private readonly int _maxFiles;
    private readonly TimeProvider _clock;
    private readonly Action<string> _warn;

    /// <summary>Makes one.</summary>
    /// <param name="runtime">Whose logs they are.</param>
    /// <param name="folders">Where they are.</param>
    /// <param name="links">Links to them, which are kept along.</param>
    /// <param name="options">The limits: <see cref="KubeletOptions.LogMaxBytes"/> and <see cref="KubeletOptions.LogMaxFiles"/>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="warn">Is told of logs that cannot be rotated.</param>
    public LogRotation(
        IContainerRuntime runtime, PodFolders folders, LogLinks links, KubeletOptions options, TimeProvider clock, Action<string> warn)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogMaxFiles, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.LogMaxBytes, 1);
        (_runtime, _folders, _links, _clock, _warn) = (runtime, folders, links, clock, warn);
        (_maxBytes, _maxFiles) = (options.LogMaxBytes, options.LogMaxFiles);
    }

    /// <summary>Looks at all logs every ten seconds.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(_period, _clock);
        try
        {
            do
            {
                await RotateAllAsync(cancellation);
            }
            while (await timer.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The kubelet ends.
        }
    }

    /// <summary>Looks at all logs once.</summary>
    public async Task RotateAllAsync(CancellationToken cancellation)
    {
        try
        {
            var snapshot = await _runtime.ListAsync(cancellation);
            foreach (var container in snapshot.Containers.Where(c => c.Phase == ContainerPhase.Running))
            {
                await RotateAsync(container, cancellation);
            }

            _links.RemoveBroken(snapshot.Containers);
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            _warn($"logs: {e.Message}");
        }
    }

    private async Task RotateAsync(ContainerState container, CancellationToken cancellation)
    {
        var log = _folders.Log(container.Pod, container.Name, container.Attempt);
        try
        {
            _links.Ensure(container.Pod, container.Name, container.Attempt, container.Id, _warn);
            var file = new FileInfo(log);
            if (!file.Exists)
            {
                // Killed between the renaming and the beginning, or somebody has deleted it: the container writes where nobody looks.
                await ReopenAsync(container, log, cancellation);
            }
            else if (file.Length > _maxBytes)
            {
                CleanUp(log);
                await CompressAsync(log, cancellation);
                DeleteOldest(log);
                await RotateAsync(container, log, cancellation);
            }
        }
        catch (Exception e) when (e is RuntimeException or IOException or UnauthorizedAccessException)
        {
            _warn($"logs: {log} cannot be rotated: {e.Message}");
        }
    }

    private async Task ReopenAsync(ContainerState container, string log, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        await _runtime.ReopenLogAsync(container.Id, cancellation);
    }

    private async Task RotateAsync(ContainerState container, string log, CancellationToken cancellation)
    {
        // Names must rise, whatever the clock does: they tell the order.
        var now = _clock.GetUtcNow();
        var last = LogSegment.ListRotated(log).LastOrDefault().RotatedAt;
        var rotated = new LogSegment(log, LogSegment.StampOf(last >= now.AddSeconds(-1) ? last.Value.AddSeconds(1) : now), false).Path;
        File.Move(log, rotated);
        try
        {
            await _runtime.ReopenLogAsync(container.Id, cancellation);
        }
        catch (RuntimeException) when (!File.Exists(log))
        {
            File.Move(rotated, log);
            throw;
        }
    }

    /// <summary>Removes what a round that was killed has left.</summary>
    private static void CleanUp(string log)
    {
        foreach (var path in LogSegment.ListBeside(log))
        {
            if (path.EndsWith(LogSegment.TemporarySuffix, StringComparison.Ordinal) || File.Exists(path + LogSegment.CompressedSuffix))
            {
                File.Delete(path);
            }
        }
    }

    private static async Task CompressAsync(string log, CancellationToken cancellation)
    {
        foreach (var segment in LogSegment.ListRotated(log).Where(segment => !segment.IsCompressed))
        {
            var temporary = segment.Path + LogSegment.TemporarySuffix;
            await using (var source = File.OpenRead(segment.Path))
            await using (var target = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                await using (var gzip = new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true))
                {
                    await source.CopyToAsync(gzip, cancellation);
                }

                target.Flush(flushToDisk: true);
            }

            File.Move(temporary, segment.Path + LogSegment.CompressedSuffix);
            File.Delete(segment.Path);
        }
    }

    /// <summary>Makes room for the file that is about to be rotated away and the one that is about to begin.</summary>
    private void DeleteOldest(string log)
    {
        var rotated = LogSegment.ListRotated(log);
        foreach (var segment in rotated.Take(rotated.Count - (_maxFiles - 2)))
        {
            File.Delete(segment.Path);
        }
    }
}
