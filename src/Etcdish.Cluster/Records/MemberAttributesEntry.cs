namespace Etcdish.Cluster;

/// <summary>Payload of an <see cref="EntryKinds.MemberAttributes"/> entry: what a member tells of itself once it serves.</summary>
/// <param name="Id">The member.</param>
/// <param name="Name">Its name.</param>
/// <param name="ClientUrls">Where clients reach it.</param>
internal sealed record MemberAttributesEntry(ulong Id, string Name, IReadOnlyList<string> ClientUrls)
{
    public byte[] Encode() => MemberCodec.Encode(writer =>
    {
        writer.Write(Id);
        writer.Write(Name);
        MemberCodec.Write(writer, ClientUrls);
    });

    /// <exception cref="InvalidDataException">The payload is not of this form.</exception>
    public static MemberAttributesEntry Decode(ReadOnlySpan<byte> payload) => MemberCodec.Decode(
        payload,
        "a member attributes entry",
        static reader => new MemberAttributesEntry(reader.ReadUInt64(), reader.ReadString(), MemberCodec.ReadStrings(reader)));
}
