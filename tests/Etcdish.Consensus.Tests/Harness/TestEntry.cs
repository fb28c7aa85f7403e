namespace Etcdish.Consensus.Tests.Harness;

/// <summary>An entry with its bytes: a word, and the size that it pretends to have.</summary>
internal sealed record TestEntry(EntryHeader Header, string Payload, long Bytes)
{
    public override string ToString() => Header.Type switch
    {
        EntryType.Empty => $"{Header.Index}/{Header.Term} -",
        EntryType.Configuration => $"{Header.Index}/{Header.Term} {{{Header.Configuration}}}",
        _ => $"{Header.Index}/{Header.Term} {Payload}",
    };
}

/// <summary>A frame on the network: the message, the entries it names, or the state it announces.</summary>
internal sealed record Packet(Message Message, TestEntry[] Entries, TestSnapshot? Snapshot);

/// <summary>State as a snapshot carries it: what was applied up to its base.</summary>
internal sealed record TestSnapshot(LogBase Base, TestEntry[] Applied);
