using Etcdish.Rpc;

namespace Etcdish.Client.Transport;

/// <summary>What etcd reads from a call's headers.</summary>
/// <param name="Token">Auth token, or null.</param>
/// <param name="RequireLeader">Refuse the call when the member sees no leader.</param>
internal readonly record struct CallMetadata(string? Token, bool RequireLeader)
{
    /// <summary>The headers, null when there are none.</summary>
    public Metadata? ToHeaders()
    {
        if (string.IsNullOrEmpty(Token) && !RequireLeader)
        {
            return null;
        }

        Metadata headers = [];
        if (!string.IsNullOrEmpty(Token))
        {
            headers.Add("token", Token);
        }

        if (RequireLeader)
        {
            headers.Add("hasleader", "true");
        }

        return headers;
    }
}
