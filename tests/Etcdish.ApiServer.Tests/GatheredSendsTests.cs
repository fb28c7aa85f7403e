using System.Buffers;
using System.IO.Pipelines;
using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Tests;

/// <summary>What is written beneath TLS while it is held leaves together, and not later.</summary>
internal sealed class GatheredSendsTests
{
    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false, pauseWriterThreshold: 0));

    [Test]
    public async Task Records_that_are_held_come_in_one_piece_when_they_are_released()
    {
        var sends = new GatheredSends(_pipe.Writer);
        sends.Hold();
        for (byte i = 0; i < 4; i++)
        {
            await sends.WriteAsync(new[] { i });
        }

        Assert.That(_pipe.Reader.TryRead(out _), Is.False);
        await sends.ReleaseAsync(CancellationToken.None);
        Assert.That(Read(), Is.EqualTo(new byte[] { 0, 1, 2, 3 }));
    }

    [Test]
    public async Task What_is_not_held_leaves_at_once()
    {
        var sends = new GatheredSends(_pipe.Writer);
        await sends.WriteAsync(new byte[] { 7 });
        Assert.That(Read(), Is.EqualTo(new byte[] { 7 }));

        sends.Hold();
        await sends.ReleaseAsync(CancellationToken.None);
        await sends.WriteAsync(new byte[] { 8 });
        Assert.That(Read(), Is.EqualTo(new byte[] { 8 }));
    }

    [Test]
    public async Task No_more_than_128_KiB_are_held()
    {
        var sends = new GatheredSends(_pipe.Writer);
        sends.Hold();
        await sends.WriteAsync(new byte[127 * 1024]);
        Assert.That(_pipe.Reader.TryRead(out _), Is.False);
        await sends.WriteAsync(new byte[1024]);
        Assert.That(Read(), Has.Length.EqualTo(128 * 1024));
    }

    private byte[] Read()
    {
        Assert.That(_pipe.Reader.TryRead(out var result), Is.True);
        var bytes = result.Buffer.ToArray();
        _pipe.Reader.AdvanceTo(result.Buffer.End);
        return bytes;
    }
}
