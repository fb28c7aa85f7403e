namespace Etcdish.Kubelet.Logs;

/// <summary>
/// Reads logs of containers, over all files that a log was rotated into: whoever asks for all sees all that is kept. Safe for use by many
/// threads.
/// </summary>
internal sealed class LogReader(FolderWatch watch, TimeProvider clock, Action<string> warn)
{
    // The file of a log is known to end when its successor begins, give or take the runtime's delay and the seconds of its name.
    private static readonly TimeSpan _stampTolerance = TimeSpan.FromSeconds(10);

    /// <summary>Goes to where the wanted part of a log begins; null: there is no log.</summary>
    /// <param name="log">The path of the container's log.</param>
    /// <param name="query">What is wanted.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public async Task<LogCursor?> OpenAsync(string log, LogQuery query, CancellationToken cancellation)
    {
        // The current file first: what is rotated from here on is the open one, and is left out of the list of those before it.
        var current = new LogSegment(log, "", false).Open();
        try
        {
            var older = ListOlder(log, current);
            if (current is null && older.Count == 0)
            {
                return null;
            }

            var start = query.TailLines is { } lines
                ? await FindTailAsync(older, current, lines, cancellation)
                : new Start(SkipOld(older, query.Since), 0, 0);
            var cursor = new LogCursor(watch, clock, warn, log, query, new Queue<LogSegment>(older.Skip(start.Segment)), current);
            current = null;
            try
            {
                await cursor.StartAsync(start.Offset, start.Lines);
                return cursor;
            }
            catch
            {
                await cursor.DisposeAsync();
                throw;
            }
        }
        finally
        {
            if (current is not null)
            {
                await current.DisposeAsync();
            }
        }
    }

    private static List<LogSegment> ListOlder(string log, LogFile? current)
    {
        var older = LogSegment.ListRotated(log);
        var name = current?.CurrentName(out _) ?? "";
        return name.Length > Path.GetFileName(log).Length
            ? [.. older.TakeWhile(segment => string.CompareOrdinal(segment.Stamp, name[(Path.GetFileName(log).Length + 1)..]) < 0)]
            : older;
    }

    private static int SkipOld(List<LogSegment> older, DateTimeOffset? since) =>
        older.TakeWhile(segment => segment.RotatedAt + _stampTolerance < since).Count();

    private async Task<Start> FindTailAsync(List<LogSegment> older, LogFile? current, long lines, CancellationToken cancellation)
    {
        if (current is not null)
        {
            var (offset, found, isEnough) = LogTail.FindBackwards(current, current.Length, lines, isLast: true);
            if (isEnough || found == lines)
            {
                return new Start(older.Count, offset, 0);
            }

            lines -= found;
        }

        for (var i = older.Count - 1; i >= 0; i--)
        {
            await using var file = older[i].Open();
            if (file is null)
            {
                continue;
            }

            var (offset, skip, found) = await FindInOlderAsync(file, lines, cancellation);
            if (offset > 0 || skip > 0 || found == lines)
            {
                return new Start(i, offset, skip);
            }

            lines -= found;
        }

        return new Start(0, 0, 0);
    }

    private async Task<(long Offset, long Skip, long Found)> FindInOlderAsync(LogFile file, long lines, CancellationToken cancellation)
    {
        if (!file.IsCompressed)
        {
            var (offset, found, _) = LogTail.FindBackwards(file, file.Length, lines, isLast: false);
            return (offset, 0, found);
        }

        try
        {
            var count = await LogTail.CountAsync(file, cancellation);
            return (0, Math.Max(0, count - lines), Math.Min(count, lines));
        }
        catch (InvalidDataException e)
        {
            warn($"logs: a compressed file is damaged and is left out: {e.Message}");
            return (0, 0, 0);
        }
    }

    /// <summary>Where to begin: in which of the older files (behind the last: the current one), and where in it.</summary>
    private readonly record struct Start(int Segment, long Offset, long Lines);
}
