using System.Threading.Channels;

namespace Etcdish.Network;

/// <summary>
/// Does a piece of work when it is woken, once for any number of wakes that came meanwhile; and what failed again, after pauses that double
/// up to a minute.
/// </summary>
/// <param name="clock">The clock of pauses.</param>
internal sealed class WakeLoop(TimeProvider clock)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _wake =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Wakes it; from any thread, also before it runs.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Works at once, and then whenever it is woken, until it is cancelled.</summary>
    /// <param name="work">The work; false: it failed, which it has told.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task RunAsync(Func<CancellationToken, Task<bool>> work, CancellationToken cancellation)
    {
        Wake();
        var pause = _firstPause;
        try
        {
            while (await _wake.Reader.WaitToReadAsync(cancellation))
            {
                _wake.Reader.TryRead(out _);
                if (await work(cancellation))
                {
                    pause = _firstPause;
                    continue;
                }

                await Task.Delay(pause, clock, cancellation);
                pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
                Wake();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // As it was told.
        }
    }
}
