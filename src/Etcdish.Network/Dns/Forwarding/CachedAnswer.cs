using System.Buffers.Binary;
using Etcdish.Network.Dns.Messages;

namespace Etcdish.Network.Dns.Forwarding;

/// <summary>What a name server said, for as long as it may be repeated.</summary>
internal sealed class CachedAnswer
{
    private readonly byte[] _message;
    private readonly long _since;
    private readonly TimeSpan _life;

    private CachedAnswer(byte[] message, ResponseCode code, long since, TimeSpan life)
    {
        _message = message;
        Code = code;
        _since = since;
        _life = life;
    }

    /// <summary>How the question ended.</summary>
    public ResponseCode Code { get; }

    /// <summary>Whether it may be kept at all.</summary>
    public bool MayBeKept => _life > TimeSpan.Zero;

    /// <summary>A failure: it is kept for a second, so that a name server in need is not asked without end (RFC 9520 §3.2).</summary>
    public static CachedAnswer Failure(ResponseCode code, long now) => new([], code, now, TimeSpan.FromSeconds(1));

    /// <summary>Takes an answer, if all of it can be read.</summary>
    /// <param name="message">The message.</param>
    /// <param name="limits">For how long answers are kept at most.</param>
    /// <param name="now">The clock's timestamp.</param>
    public static CachedAnswer? Read(byte[] message, ForwarderLimits limits, long now)
    {
        Span<byte> name = stackalloc byte[WireName.MaxBytes];
        Span<byte> space = stackalloc byte[RecordShape.MaxBytes];
        var header = DnsHeader.Read(message);
        var reader = new MessageReader(message);
        if (!reader.TryReadQuestion(name, out _))
        {
            return null;
        }

        var life = TimeSpan.MaxValue;
        for (var i = 0; i < header.Answers + header.Authorities; i++)
        {
            if (!reader.TryReadRecord(name, out var record) || !reader.TryExpand(record, space, out var data))
            {
                return null;
            }

            if (i < header.Answers)
            {
                life = Least(life, Least(Seconds(record.Ttl), limits.LongestAnswer));
            }
            else if (record.Type == RecordType.Soa)
            {
                // A denial holds for the SOA's own time or its last number, whichever is less (RFC 2308 §5).
                var minimum = BinaryPrimitives.ReadUInt32BigEndian(data[^4..]);
                life = Least(life, Least(Seconds(Math.Min(record.Ttl, minimum)), limits.LongestDenial));
            }
        }

        return new CachedAnswer(
            message, (ResponseCode)(header.Flags & DnsHeader.CodeMask), now, life == TimeSpan.MaxValue ? TimeSpan.Zero : life);
    }

    /// <summary>Whether it may no longer be repeated.</summary>
    public bool IsOver(TimeProvider clock) => clock.GetElapsedTime(_since) >= _life;

    /// <summary>Puts its answers, and the authority that denies, behind what a message has; their times are what is left of them.</summary>
    /// <returns>Whether all answers fitted.</returns>
    public bool TryWrite(ref MessageWriter writer, TimeProvider clock)
    {
        if (_message.Length == 0)
        {
            return true;
        }

        Span<byte> name = stackalloc byte[WireName.MaxBytes];
        Span<byte> space = stackalloc byte[RecordShape.MaxBytes];
        var header = DnsHeader.Read(_message);
        var age = (uint)clock.GetElapsedTime(_since).TotalSeconds;
        var reader = new MessageReader(_message);
        reader.TryReadQuestion(name, out _);
        for (var i = 0; i < header.Answers + header.Authorities; i++)
        {
            var isAnswer = i < header.Answers;
            if (!reader.TryReadRecord(name, out var record) || !reader.TryExpand(record, space, out var data))
            {
                throw new InvalidOperationException("an answer that could be read no longer can");
            }

            if (record.Class != DnsQuestion.Internet || (!isAnswer && record.Type != RecordType.Soa))
            {
                continue;
            }

            var ttl = record.Ttl > age ? record.Ttl - age : 0;
            var owner = name[..record.NameLength];
            if (!writer.TryAdd(isAnswer ? Section.Answer : Section.Authority, owner, record.Type, ttl, data) && isAnswer)
            {
                return false;
            }
        }

        return true;
    }

    // The highest bit counts as zero (RFC 2181 §8).
    private static TimeSpan Seconds(uint ttl) => ttl > int.MaxValue ? TimeSpan.Zero : TimeSpan.FromSeconds(ttl);

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
