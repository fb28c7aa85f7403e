using System.Buffers;

namespace Etcdish.Kubelet.Logs;

/// <summary>Finds where the last lines of a file of a log begin.</summary>
internal static class LogTail
{
    private const int BlockBytes = 64 * 1024;

    /// <summary>
    /// Looks from the end of a file that is not compressed, and reads no more than what is behind the place that it finds and a block.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="length">How much of it counts, in bytes.</param>
    /// <param name="lines">How many lines are wanted.</param>
    /// <param name="isLast">Whether it is the last file of the log: a line that has not ended counts there, and elsewhere goes on.</param>
    /// <returns>Where they begin; or that it has only so many lines, all of which are wanted.</returns>
    public static (long Offset, long Found, bool IsEnough) FindBackwards(LogFile file, long length, long lines, bool isLast)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes + EntryHeader.MaxLength);
        try
        {
            return Find(file, buffer, length, lines, isLast);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Counts the lines of a file, from its beginning.</summary>
    public static async Task<long> CountAsync(LogFile file, CancellationToken cancellation)
    {
        // It shows nothing, so it needs nothing to write to.
        var counter = new LogFormatter(new LogQuery());
        counter.Skip(long.MaxValue);
        var output = new ArrayBufferWriter<byte>();
        var buffer = ArrayPool<byte>.Shared.Rent(BlockBytes);
        try
        {
            while (await file.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                counter.Add(buffer.AsSpan(0, read), output);
            }

            return counter.Lines;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (long Offset, long Found, bool IsEnough) Find(LogFile file, byte[] buffer, long length, long lines, bool isLast)
    {
        var state = new Search(lines, isLast);
        for (var blockEnd = length; blockEnd > 0;)
        {
            var blockStart = Math.Max(0, blockEnd - BlockBytes);
            var wanted = (int)(Math.Min(length, blockEnd + EntryHeader.MaxLength) - blockStart);
            var block = buffer.AsSpan(0, file.ReadAt(buffer.AsSpan(0, wanted), blockStart));
            if (state.Look(block, blockStart, (int)Math.Min(blockEnd - blockStart, block.Length)))
            {
                return (state.End, lines, true);
            }

            blockEnd = blockStart;
        }

        return (0, state.Found, false);
    }

    /// <summary>Goes from entry to entry, backwards. An entry is looked at when the end of the one before it is found.</summary>
    private ref struct Search(long lines, bool isLast)
    {
        private bool _isFirst = true;

        /// <summary>Where the entry that is looked at ends; -1: the end of none was seen yet.</summary>
        public long End { get; private set; } = -1;

        /// <summary>Lines so far.</summary>
        public long Found { get; private set; }

        /// <summary>Looks through a block, of which <paramref name="count"/> bytes are new. True: the place is <see cref="End"/>.</summary>
        public bool Look(scoped ReadOnlySpan<byte> block, long blockStart, int count)
        {
            for (var rest = count; (rest = block[..rest].LastIndexOf((byte)'\n')) >= 0;)
            {
                if (End >= 0 && IsPlace(block[(rest + 1)..], blockStart + rest + 1))
                {
                    return true;
                }

                End = blockStart + rest + 1;
            }

            return blockStart == 0 && End >= 0 && IsPlace(block, 0);
        }

        private bool IsPlace(scoped ReadOnlySpan<byte> entry, long start)
        {
            entry = entry[..(int)Math.Min(entry.Length, End - start)];
            var isRead = EntryHeader.TryRead(entry, out var header);
            var endsLine = isRead && (!header.IsPartial || (_isFirst && isLast));
            _isFirst &= !isRead;
            if (endsLine && Found == lines)
            {
                return true;
            }

            Found += endsLine ? 1 : 0;
            return false;
        }
    }
}
