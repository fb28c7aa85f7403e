using System.Buffers;
using Etcdish.Cluster.Peers;

namespace Etcdish.Cluster;

/// <summary>
/// What came from other members and waits for the loop. Bounded in bytes: past the bound a sender's connection waits, and by that its
/// sender.
/// </summary>
/// <param name="wake">Wakes the loop.</param>
internal sealed class PeerMailbox(Action wake) : IPeerInbox
{
    private const long MaxBytes = 128 << 20;

    private readonly object _gate = new();
    private List<PeerMail> _mail = [];
    private long _bytes;
    private bool _closed;

    public void Receive(ulong from, ReadOnlySpan<byte> frame)
    {
        byte[] copy = ArrayPool<byte>.Shared.Rent(frame.Length);
        frame.CopyTo(copy);
        Add(new PeerMail(from, copy, frame.Length));
    }

    public void Unreachable(ulong member) => Add(new PeerMail(member, null, 0));

    /// <summary>Who answers the questions of others; null until the member is ready to.</summary>
    public Func<ulong, ReadOnlyMemory<byte>, CancellationToken, ValueTask<ReadOnlyMemory<byte>>>? Answer { get; set; }

    public ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ulong from, ReadOnlyMemory<byte> request, CancellationToken cancellation) =>
        Answer is { } answer ? answer(from, request, cancellation) : throw new InvalidOperationException("the member has just been started");

    /// <summary>Swaps what is here with an empty list.</summary>
    public List<PeerMail> TakeAll(List<PeerMail> empty)
    {
        lock (_gate)
        {
            List<PeerMail> taken = _mail;
            _mail = empty;
            _bytes = 0;
            Monitor.PulseAll(_gate);
            return taken;
        }
    }

    /// <summary>Drops what comes from now on, so that nobody waits for a loop that has ended.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Add(in PeerMail mail)
    {
        lock (_gate)
        {
            while (_bytes > MaxBytes && !_closed)
            {
                Monitor.Wait(_gate);
            }

            if (_closed)
            {
                mail.Return();
                return;
            }

            _mail.Add(mail);
            _bytes += mail.Length;
        }

        wake();
    }
}

/// <summary>One thing that came.</summary>
/// <param name="From">The member that it concerns.</param>
/// <param name="Buffer">A rented buffer with the frame; null: the member is unreachable.</param>
/// <param name="Length">Length of the frame.</param>
internal readonly record struct PeerMail(ulong From, byte[]? Buffer, int Length)
{
    public ReadOnlySpan<byte> Frame => Buffer.AsSpan(0, Length);

    public void Return()
    {
        if (Buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(Buffer);
        }
    }
}
