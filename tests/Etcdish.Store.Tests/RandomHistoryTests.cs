using System.Globalization;

namespace Etcdish.Store.Tests;

/// <summary>
/// Random histories against a naive model. ETCDISH_HISTORIES sets how many, ETCDISH_SEED the first seed: with a failing one and a count of
/// one, a failure comes back.
/// </summary>
[TestFixture]
internal sealed class RandomHistoryTests
{
    private const int StepsPerHistory = 60;

    [Test]
    public void The_store_answers_as_the_model_does()
    {
        var count = Setting("ETCDISH_HISTORIES", 1000);
        var first = Setting("ETCDISH_SEED", Environment.TickCount);
        for (var seed = first; seed < first + count; seed++)
        {
            using var run = new HistoryRun(seed);
            try
            {
                run.Run(StepsPerHistory);
            }
            catch (Exception exception) when (exception is not AssertionException)
            {
                Assert.Fail($"ETCDISH_SEED={seed} ETCDISH_HISTORIES=1, {run.LastStep}: {exception}");
            }
            catch (AssertionException)
            {
                TestContext.Out.WriteLine($"ETCDISH_SEED={seed} ETCDISH_HISTORIES=1");
                throw;
            }
        }
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
