namespace Etcdish.Process.Recording;

/// <summary>
/// Lets clients wait for the next start of a server that refuses connections. A client takes <see cref="NextStart"/> before its call,
/// so that a start between its failure and its wait is not missed.
/// </summary>
internal sealed class ServerGate
{
    private TaskCompletionSource _nextStart = New();

    public Task NextStart => Volatile.Read(ref _nextStart).Task;

    /// <summary>The server accepts connections again (or the run is over): whoever waits goes on.</summary>
    public void Open() => Interlocked.Exchange(ref _nextStart, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
