using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Etcdish.Consensus;

namespace Etcdish.Cluster.Peers;

/// <summary>
/// Memberships and members as bytes, in frames and in log records, version 1. Numbers are little-endian.
/// <code>
/// membership:  version (1), five lists of ids: voters, outgoing, learners, learners next, removed; count (2), the members
/// ids:         count (2, at most 1,024 but for the removed), ids (8 each), ascending
/// attributes:  version (1), one member
/// member:      id (8), name, peer URLs, client URLs
/// URLs:        count (2, at most 64), texts
/// text:        length (2, at most 4,096), UTF-8
/// </code>
/// Whatever the bytes, reading returns or throws <see cref="MalformedFrameException"/>, and what it accepts it would write the same.
/// </summary>
internal static class MembershipCodec
{
    private const byte Version = 1;
    private const int MaxMembers = 1024;
    private const int MaxRemoved = ushort.MaxValue;
    internal const int MaxUrls = 64;
    private const int MaxTextBytes = 4096;

    private static readonly UTF8Encoding _strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Encodes a membership: the payload of a configuration entry.</summary>
    /// <param name="membership">The membership.</param>
    /// <exception cref="ArgumentException">A list or a text is too long, or the members are not in order.</exception>
    public static byte[] Encode(Membership membership)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write([Version]);
        Configuration configuration = membership.Configuration;
        WriteIds(output, configuration.Voters);
        WriteIds(output, configuration.Outgoing);
        WriteIds(output, configuration.Learners);
        WriteIds(output, configuration.LearnersNext);
        WriteIds(output, configuration.Removed, MaxRemoved);
        WriteCount(output, membership.Members.Length, MaxMembers);
        ulong previous = 0;
        foreach (MemberInfo member in membership.Members)
        {
            if (member.Id <= previous || !configuration.IsMember(member.Id))
            {
                throw new ArgumentException($"member {member.Id:x} is out of order or not in the configuration", nameof(membership));
            }

            previous = member.Id;
            WriteMember(output, member);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes a membership.</summary>
    /// <param name="payload">What <see cref="Encode"/> made.</param>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    public static Membership Decode(ReadOnlySpan<byte> payload)
    {
        var input = new Input(payload);
        input.ReadVersion();
        Configuration configuration = ReadConfiguration(ref input);
        int count = input.ReadCount(MaxMembers);
        var members = ImmutableArray.CreateBuilder<MemberInfo>();
        ulong previous = 0;
        for (int i = 0; i < count; i++)
        {
            MemberInfo member = ReadMember(ref input);
            if (member.Id <= previous || !configuration.IsMember(member.Id))
            {
                throw new MalformedFrameException("a member is out of order or not in the configuration");
            }

            previous = member.Id;
            members.Add(member);
        }

        input.ReadEnd();
        return new Membership(configuration, members.ToImmutable());
    }

    /// <summary>Encodes one member: the payload of an entry by which it tells its name and its client URLs.</summary>
    /// <param name="member">The member.</param>
    /// <exception cref="ArgumentException">A list or a text is too long.</exception>
    public static byte[] EncodeAttributes(MemberInfo member)
    {
        var output = new ArrayBufferWriter<byte>(128);
        output.Write([Version]);
        WriteMember(output, member);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Decodes one member.</summary>
    /// <param name="payload">What <see cref="EncodeAttributes"/> made.</param>
    /// <exception cref="MalformedFrameException">It is none.</exception>
    public static MemberInfo DecodeAttributes(ReadOnlySpan<byte> payload)
    {
        var input = new Input(payload);
        input.ReadVersion();
        MemberInfo member = ReadMember(ref input);
        input.ReadEnd();
        return member;
    }

    private static Configuration ReadConfiguration(ref Input input)
    {
        ulong[] voters = input.ReadIds();
        ulong[] outgoing = input.ReadIds();
        ulong[] learners = input.ReadIds();
        ulong[] learnersNext = input.ReadIds();
        ulong[] removed = input.ReadIds(MaxRemoved);
        try
        {
            return new Configuration(voters, outgoing, learners, learnersNext, removed);
        }
        catch (ArgumentException e)
        {
            throw new MalformedFrameException(e.Message);
        }
    }

    private static MemberInfo ReadMember(ref Input input)
    {
        ulong id = input.ReadU64();
        if (id == 0)
        {
            throw new MalformedFrameException("0 is nobody's id");
        }

        return new MemberInfo(id, input.ReadText(), input.ReadTexts(), input.ReadTexts());
    }

    private static void WriteMember(ArrayBufferWriter<byte> output, MemberInfo member)
    {
        ArgumentOutOfRangeException.ThrowIfZero(member.Id);
        WriteU64(output, member.Id);
        WriteText(output, member.Name);
        WriteTexts(output, member.PeerUrls);
        WriteTexts(output, member.ClientUrls);
    }

    private static void WriteIds(ArrayBufferWriter<byte> output, ImmutableArray<ulong> ids, int max = MaxMembers)
    {
        WriteCount(output, ids.Length, max);
        foreach (ulong id in ids)
        {
            WriteU64(output, id);
        }
    }

    private static void WriteTexts(ArrayBufferWriter<byte> output, ImmutableArray<string> texts)
    {
        WriteCount(output, texts.Length, MaxUrls);
        foreach (string text in texts)
        {
            WriteText(output, text);
        }
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        WriteCount(output, _strictUtf8.GetByteCount(text), MaxTextBytes);
        _strictUtf8.GetBytes(text, output);
    }

    private static void WriteU64(ArrayBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    private static void WriteCount(ArrayBufferWriter<byte> output, int count, int max)
    {
        if (count > max)
        {
            throw new ArgumentException($"a list or a text of a membership has {count} items or bytes; {max} fit");
        }

        BinaryPrimitives.WriteUInt16LittleEndian(output.GetSpan(2), (ushort)count);
        output.Advance(2);
    }

    /// <summary>What is left to read.</summary>
    private ref struct Input(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;

        public void ReadVersion()
        {
            byte version = Take(1)[0];
            if (version != Version)
            {
                throw new MalformedFrameException($"a membership of version {version}; this program reads {Version}");
            }
        }

        public readonly void ReadEnd()
        {
            if (!_rest.IsEmpty)
            {
                throw new MalformedFrameException("something follows the membership");
            }
        }

        public ulong ReadU64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

        public int ReadCount(int max)
        {
            int count = BinaryPrimitives.ReadUInt16LittleEndian(Take(2));
            return count <= max ? count : throw new MalformedFrameException("a list or a text is too long");
        }

        public ulong[] ReadIds(int max = MaxMembers)
        {
            int count = ReadCount(max);
            ReadOnlySpan<byte> bytes = Take(8 * count);
            var ids = new ulong[count];
            for (int i = 0; i < count; i++)
            {
                ids[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(8 * i)..]);
                if (i > 0 && ids[i] <= ids[i - 1])
                {
                    throw new MalformedFrameException("ids are not in ascending order");
                }
            }

            return ids;
        }

        public string ReadText()
        {
            try
            {
                return _strictUtf8.GetString(Take(ReadCount(MaxTextBytes)));
            }
            catch (DecoderFallbackException)
            {
                throw new MalformedFrameException("a text is not UTF-8");
            }
        }

        public ImmutableArray<string> ReadTexts()
        {
            int count = ReadCount(MaxUrls);
            var texts = ImmutableArray.CreateBuilder<string>();
            for (int i = 0; i < count; i++)
            {
                texts.Add(ReadText());
            }

            return texts.ToImmutable();
        }

        private ReadOnlySpan<byte> Take(int bytes)
        {
            if (bytes > _rest.Length)
            {
                throw new MalformedFrameException("the bytes end early");
            }

            ReadOnlySpan<byte> taken = _rest[..bytes];
            _rest = _rest[bytes..];
            return taken;
        }
    }
}
