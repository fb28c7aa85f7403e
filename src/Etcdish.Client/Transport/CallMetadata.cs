namespace Etcdish.Client.Transport;

/// <summary>What etcd reads from a call's headers.</summary>
/// <param name="Token">Auth token, or null.</param>
/// <param name="RequireLeader">Refuse the call when the member sees no leader.</param>
internal readonly record struct CallMetadata(string? Token, bool RequireLeader)
{
    public const string TokenHeader = "token";

    public const string RequireLeaderHeader = "hasleader";
}
