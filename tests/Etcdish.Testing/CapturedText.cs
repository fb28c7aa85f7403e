using System.Diagnostics;
using System.Text;

namespace Etcdish.Testing;

/// <summary>
/// One output stream of a process, collected while it runs. Bytes map to characters one to one (Latin-1), so that binary output
/// survives and two captures are equal exactly when their bytes are. Safe for use from several threads.
/// </summary>
public sealed class CapturedText
{
    private readonly object _gate = new();
    private readonly StringBuilder _text = new();
    private bool _ended;

    /// <summary>All that has arrived so far.</summary>
    public string Text
    {
        get
        {
            lock (_gate)
                return _text.ToString();
        }
    }

    /// <summary>How many characters have arrived; a place to start a later wait from.</summary>
    public int Length
    {
        get
        {
            lock (_gate)
                return _text.Length;
        }
    }

    /// <summary>
    /// Waits until the text from <paramref name="start"/> on satisfies <paramref name="condition"/>. False when the stream ended or
    /// the time ran out first.
    /// </summary>
    public bool Wait(Func<string, bool> condition, TimeSpan limit, int start = 0)
    {
        long begin = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!condition(_text.ToString(start, _text.Length - start)))
            {
                TimeSpan left = limit - Stopwatch.GetElapsedTime(begin);
                if (_ended || left <= TimeSpan.Zero)
                    return false;
                Monitor.Wait(_gate, left);
            }
        }

        return true;
    }

    /// <summary>Copies the stream until it ends.</summary>
    internal async Task CopyAsync(Stream stream)
    {
        byte[] buffer = new byte[16 * 1024];
        for (int count; (count = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            Append(Encoding.Latin1.GetString(buffer, 0, count));
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Append(string text)
    {
        lock (_gate)
        {
            _text.Append(text);
            Monitor.PulseAll(_gate);
        }
    }
}
