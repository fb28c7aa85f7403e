namespace Etcdish.Network.Policies;

/// <summary>How network policies are carried out.</summary>
public sealed record NetworkPolicyOptions
{
    internal const string DefaultTable = "etcdish-policy";

    /// <summary>The node whose pods' packets are judged here.</summary>
    public required string NodeName { get; init; }

    /// <summary>The table of the packet filter, of family inet. It is nobody else's.</summary>
    public string Table { get; init; } = DefaultTable;

    /// <summary>When all is written anew, in case somebody has changed the table.</summary>
    public TimeSpan Resync { get; init; } = TimeSpan.FromHours(1);
}
