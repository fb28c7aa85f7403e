using Etcdish.Load.Comparing;

namespace Etcdish.Load.Gaps;

/// <summary>One way in which a leader goes, and how it comes back.</summary>
/// <param name="Name">What reports call it.</param>
/// <param name="Strike">Ends when the leader is gone.</param>
/// <param name="Mend">Ends when it answers linearizable reads again.</param>
internal sealed record LeaderFault(
    string Name, Func<ServerProcess, CancellationToken, Task> Strike, Func<ServerProcess, CancellationToken, Task> Mend)
{
    public static LeaderFault Kill { get; } = new(
        "kill -9", (leader, _) => Task.Run(leader.Kill), (leader, stop) => leader.StartAsync(stop));

    public static LeaderFault Terminate { get; } = new(
        "SIGTERM", (leader, stop) => leader.TerminateAsync(stop), (leader, stop) => leader.StartAsync(stop));

    public static LeaderFault Pause { get; } = new(
        "SIGSTOP",
        (leader, _) =>
        {
            leader.Pause();
            return Task.CompletedTask;
        },
        (leader, stop) =>
        {
            leader.Resume();
            return leader.WaitForAnswerAsync(stop);
        });
}
