using System.Threading.Channels;
using Etcdish.Testing;

namespace Etcdish.Network.Tests;

/// <summary>The loop of those who bring the kernel to what is wanted.</summary>
public sealed class WakeLoopTests
{
    [Test]
    public async Task What_failed_is_done_again_and_what_succeeded_only_when_it_is_woken()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var stop = new CancellationTokenSource();
        var clock = new ManualClock();
        var loop = new WakeLoop(clock);
        var tries = Channel.CreateUnbounded<int>();
        var count = 0;
        var running = loop.RunAsync(
            _ =>
            {
                count++;
                var isDone = count >= 3;
                tries.Writer.TryWrite(count);
                return Task.FromResult(isDone);
            },
            stop.Token);
        while (tries.Reader.Count < 3)
        {
            patience.Token.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        loop.Wake();
        while (await tries.Reader.ReadAsync(patience.Token) < 4)
        {
        }

        clock.Advance(TimeSpan.FromHours(1));
        await stop.CancelAsync();
        await running;
        Assert.That(count, Is.EqualTo(4));
    }
}
