using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Etcdish.Kubelet.Nodes;

/// <summary>
/// A part of a file in a process's memory that nobody may write to, and of which no page is the process's own: all of it is in the file.
/// </summary>
/// <param name="Start">Its address.</param>
/// <param name="Bytes">Its length.</param>
internal readonly record struct FileMapping(nuint Start, nuint Bytes)
{
    private const string OwnTable = "/proc/self/smaps";

    /// <summary>Those of this process that take memory.</summary>
    /// <exception cref="IOException">The kernel's table cannot be read.</exception>
    public static IReadOnlyCollection<FileMapping> ListOwn()
    {
        using var table = new FileStream(OwnTable, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        return Read(table);
    }

    /// <summary>
    /// Reads the kernel's table of mappings, proc_pid_smaps(5): a head line <c>start-end rights offset device inode path</c>, then lines of
    /// figures, among them <c>Rss:</c> and <c>Anonymous:</c>.
    /// </summary>
    internal static IReadOnlyCollection<FileMapping> Read(Stream table)
    {
        // Thousands of lines, of which no text is kept: read as bytes, so that a look makes no garbage of its own.
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        var reader = new TableReader();
        try
        {
            var held = 0;
            for (int count; (count = table.Read(buffer, held, buffer.Length - held)) > 0;)
            {
                held += count;
                var rest = buffer.AsSpan(0, held);
                for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..])
                {
                    reader.Add(rest[..end]);
                }

                rest.CopyTo(buffer);
                held = rest.Length;
            }

            return reader.Complete();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Takes the table line by line.</summary>
    private sealed class TableReader
    {
        private readonly List<FileMapping> _found = [];
        private FileMapping _current;
        private bool _isFit;
        private bool _hasPages;

        public void Add(ReadOnlySpan<byte> line)
        {
            if (line.IsEmpty)
            {
                return;
            }

            // Names of figures begin with a capital letter, addresses never do.
            if (!char.IsAsciiLetterUpper((char)line[0]))
            {
                End();
                Begin(line);
            }
            else if (line.StartsWith("Rss:"u8))
            {
                _hasPages = Figure(line) > 0;
            }
            else if (line.StartsWith("Anonymous:"u8))
            {
                _isFit &= Figure(line) == 0;
            }
        }

        public List<FileMapping> Complete()
        {
            End();
            return _found;
        }

        private void Begin(ReadOnlySpan<byte> line)
        {
            var dash = line.IndexOf((byte)'-');
            var space = line.IndexOf((byte)' ');
            var rights = line[(space + 1)..];
            var start = Address(line[..dash]);
            _current = new FileMapping(start, Address(line[(dash + 1)..space]) - start);
            var path = line.IndexOf((byte)'/');
            _isFit = rights[1] == '-' && path > 0 && !line[path..].StartsWith("/memfd:"u8);
            _hasPages = false;
        }

        private void End()
        {
            if (_isFit && _hasPages)
            {
                _found.Add(_current);
            }
        }

        private static nuint Address(ReadOnlySpan<byte> text) =>
            nuint.Parse(Encoding.ASCII.GetString(text), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        private static long Figure(ReadOnlySpan<byte> line)
        {
            var text = line[(line.IndexOf((byte)':') + 1)..].TrimStart((byte)' ');
            return Utf8Parser.TryParse(text, out long value, out _)
                ? value
                : throw new IOException("a line of /proc/self/smaps is not as expected");
        }
    }
}
