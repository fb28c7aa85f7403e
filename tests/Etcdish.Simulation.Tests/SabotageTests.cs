namespace Etcdish.Simulation.Tests;

/// <summary>A simulation that finds nothing proves nothing: each deliberate bug must be found, within the number of seeds stated.</summary>
[TestFixture]
internal sealed class SabotageTests
{
    [TestCase(SabotageKind.SkipSync, 50)]
    [TestCase(SabotageKind.SkipDirectorySync, 50)]
    [TestCase(SabotageKind.AnswerBeforeDurable, 50)]
    [TestCase(SabotageKind.LoseSyncedSector, 50)]
    [TestCase(SabotageKind.FastLeaseClock, 50)]
    [TestCase(SabotageKind.ProposeTwice, 50)]
    [TestCase(SabotageKind.DropWatchEvent, 50)]
    [TestCase(SabotageKind.RepeatWatchEvent, 50)]
    [TestCase(SabotageKind.SwapWatchEvents, 50)]
    [TestCase(SabotageKind.SkipReadBarrier, 100)]
    [TestCase(SabotageKind.ForgetTerm, 50)]
    [TestCase(SabotageKind.ForgetVote, 150)]
    [TestCase(SabotageKind.TakeRefusalForAck, 50)]
    [TestCase(SabotageKind.TakeRefusalForVote, 50)]
    [TestCase(SabotageKind.CommitAllThatIsSent, 150)]
    [TestCase(SabotageKind.ChangeEntry, 20)]
    [TestCase(SabotageKind.AcknowledgeOneMore, 20)]
    [TestCase(SabotageKind.ConfirmOldReadIndex, 400)]
    [TestCase(SabotageKind.PromiseWrongPlace, 20)]
    public void A_deliberate_bug_is_found(object kind, int seeds)
    {
        for (ulong seed = 1; seed <= (ulong)seeds; seed++)
        {
            if (Simulation.Run(seed, sabotage: (SabotageKind)kind) is { Violations: [var first, ..] })
            {
                Assert.Pass($"found by seed {seed}: {first}");
            }
        }

        Assert.Fail($"{kind} was not found by {seeds} seeds");
    }
}
