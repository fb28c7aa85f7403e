using Etcdish.Consensus;

namespace Etcdish.Cluster;

/// <summary>
/// Payload of an <see cref="EntryKinds.Configuration"/> entry: the whole membership, and the records of the members that it adds or whose
/// peer URLs it changes (<see cref="MemberCodec"/>).
/// </summary>
/// <param name="Configuration">The membership from this entry on.</param>
/// <param name="Members">Records of members that are new or changed.</param>
internal sealed record ConfigurationEntry(Configuration Configuration, IReadOnlyList<MemberRecord> Members)
{
    public byte[] Encode() => MemberCodec.Encode(writer =>
    {
        MemberCodec.Write(writer, Configuration);
        MemberCodec.Write(writer, Members);
    });

    /// <exception cref="InvalidDataException">The payload is not of this form.</exception>
    public static ConfigurationEntry Decode(ReadOnlySpan<byte> payload) => MemberCodec.Decode(
        payload,
        "a configuration entry",
        static reader => new ConfigurationEntry(MemberCodec.ReadConfiguration(reader), MemberCodec.ReadMembers(reader)));
}
