namespace Etcdish.Load.Workloads;

/// <summary>Puts load on the server until the run stops.</summary>
internal interface IDriver : IAsyncDisposable
{
    /// <summary>Complete when the load is under way.</summary>
    Task Ready { get; }

    /// <summary>One a connection; to be read when the driving has ended.</summary>
    IReadOnlyList<Tally> Tallies { get; }

    /// <summary>Ends when the run was stopped and the last answer is in. Throws when a connection breaks.</summary>
    Task DriveAsync(CancellationToken cancellationToken);
}
