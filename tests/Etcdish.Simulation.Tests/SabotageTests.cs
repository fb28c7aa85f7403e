namespace Etcdish.Simulation.Tests;

/// <summary>A simulation that finds nothing proves nothing: each deliberate bug must be found, within the number of seeds stated.</summary>
[TestFixture]
internal sealed class SabotageTests
{
    [TestCase(SabotageKind.SkipSync, 20)]
    [TestCase(SabotageKind.SkipDirectorySync, 20)]
    [TestCase(SabotageKind.AnswerBeforeDurable, 10)]
    [TestCase(SabotageKind.LoseSyncedSector, 30)]
    [TestCase(SabotageKind.LoseDisk, 20)]
    [TestCase(SabotageKind.FastLeaseClock, 100)]
    [TestCase(SabotageKind.PretendRenewal, 80)]
    [TestCase(SabotageKind.ProposeTwice, 10)]
    [TestCase(SabotageKind.ForwardTwice, 10)]
    [TestCase(SabotageKind.DropWatchEvent, 10)]
    [TestCase(SabotageKind.RepeatWatchEvent, 10)]
    [TestCase(SabotageKind.SwapWatchEvents, 10)]
    [TestCase(SabotageKind.SkipRevisionOnResume, 20)]
    [TestCase(SabotageKind.SkipReadBarrier, 60)]
    [TestCase(SabotageKind.ConfirmOldReadIndex, 200)]
    [TestCase(SabotageKind.ForgetTerm, 20)]
    [TestCase(SabotageKind.ForgetVote, 100)]
    [TestCase(SabotageKind.TakeStaleTerms, 1500)]
    [TestCase(SabotageKind.TakeRefusalForAck, 40)]
    [TestCase(SabotageKind.TakeRefusalForVote, 80)]
    [TestCase(SabotageKind.CommitAllThatIsSent, 20)]
    [TestCase(SabotageKind.ChangeEntry, 10)]
    [TestCase(SabotageKind.AcknowledgeOneMore, 10)]
    [TestCase(SabotageKind.PromiseWrongPlace, 10)]
    [TestCase(SabotageKind.SendStateOneShort, 60)]
    [TestCase(SabotageKind.SkipQuarantine, 200)]
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
