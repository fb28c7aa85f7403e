namespace Etcdish.Server.Http;

/// <summary>What the health endpoints need to know of the node.</summary>
internal interface IServerState
{
    /// <summary>Whether a leader is known.</summary>
    bool HasLeader { get; }

    /// <summary>Whether this member does not vote yet.</summary>
    bool IsLearner { get; }

    /// <summary>Whether this member's data was damaged and is being filled again by its group.</summary>
    bool IsQuarantined { get; }

    /// <summary>Names of the alarms in force: NOSPACE or CORRUPT.</summary>
    IReadOnlyList<string> Alarms { get; }

    /// <summary>Reads something, as a client would; throws what the client would get.</summary>
    ValueTask CheckReadAsync(bool serializable, CancellationToken cancellationToken);
}
