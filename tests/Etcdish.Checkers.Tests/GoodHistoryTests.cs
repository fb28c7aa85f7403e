using System.Diagnostics;

namespace Etcdish.Checkers.Tests;

public class GoodHistoryTests
{
    [Test]
    public void Generated_histories_pass([Range(0, 9)] int block)
    {
        for (int seed = block * 100; seed < block * 100 + 100; seed++)
        {
            History history = HistoryGenerator.Generate(seed);
            Assert.That(HistoryChecker.Check(history), Is.Empty, $"seed {seed}");
        }
    }

    [Test]
    public void The_generator_reaches_all_that_the_checker_judges()
    {
        History[] histories = [.. Enumerable.Range(0, 100).Select(seed => HistoryGenerator.Generate(seed))];
        Operation[] operations = [.. histories.SelectMany(history => history.Operations)];
        WatchRecord[] watches = [.. histories.SelectMany(history => history.Watches)];
        using (Assert.EnterMultipleScope())
        {
            foreach (RefusalReason reason in Enum.GetValues<RefusalReason>())
                Assert.That(operations.Any(op => op.Outcome == Outcome.NotApplied && op.Refusal == reason), Is.True);
            Assert.That(operations.Any(op => op.Outcome == Outcome.Unknown && op.Call.MayWrite), Is.True);
            Assert.That(operations.Any(op => op.Reply is KeepAliveReply { Seconds: > 0 }), Is.True);
            Assert.That(operations.Any(op => op.Reply is RevokeReply), Is.True);
            Assert.That(watches.Any(watch => watch.Resumes is not null), Is.True);
            Assert.That(watches.Any(watch => watch.Responses.Any(response => response.CompactRevision > 0)), Is.True);
            Assert.That(watches.Any(watch => watch.Responses.Any(response => response.IsProgress)), Is.True);
            Assert.That(watches.Any(watch => watch.Responses.Any(response => response.Fragment)), Is.True);
        }
    }

    [Test]
    public void A_history_survives_its_file_format()
    {
        History history = HistoryGenerator.Generate(7);
        var text = new StringWriter();
        HistoryFormat.Write(history, text);
        History read = HistoryFormat.Read(new StringReader(text.ToString()));

        var again = new StringWriter();
        HistoryFormat.Write(read, again);
        Assert.That(again.ToString(), Is.EqualTo(text.ToString()));
        Assert.That(read.Operations, Has.Count.EqualTo(history.Operations.Count));
        Assert.That(read.Witness, Is.EqualTo(history.Witness));
        Assert.That(HistoryChecker.Check(read), Is.Empty);
    }

    // Found by simulation: the revocation had nothing left to delete, and was taken for the writer of what it answered with.
    [Test]
    public void A_revocation_may_come_after_the_deletion_of_all_that_its_lease_held()
    {
        KeyValue kept = new("k", "v", 2, 2, 1, 9);
        Operation[] operations =
        [
            new(1, 1, new GrantCall(9, 5), 0, 10) { Reply = new GrantReply(1, 5) },
            new(2, 1, new PutCall("k", "v", 9), 20, 30) { Reply = new PutReply(2, null) },
            new(3, 2, new DeleteCall(new KeyRange("k")), 40, 90) { Outcome = Outcome.Unknown },
            new(4, 1, new RangeCall(new KeyRange("k")), 50, 60) { Reply = new RangeReply(3, [], 0, false) },
            new(5, 1, new RevokeCall(9), 70, 80) { Reply = new RevokeReply(3) },
        ];
        History history = new(operations, [], [WatchEvent.Put(kept), WatchEvent.Delete("k", 3)]);
        Assert.That(HistoryChecker.Check(history), Is.Empty);
    }

    [Test]
    public void A_damaged_file_is_refused_with_its_line()
    {
        var reader = new StringReader("{}\n{\"operation\":{\"id\":\n");
        Assert.That(() => HistoryFormat.Read(reader), Throws.TypeOf<InvalidDataException>().With.Message.Contains("line 2"));
    }

    [Test]
    [Explicit("a measurement: a million operations are to be judged in under ten seconds")]
    public void A_million_operations()
    {
        var options = new GeneratorOptions
        {
            Operations = 1_000_000,
            Clients = 100,
            Keys = 50,
            HistoricReads = false,
            Watchers = 0,
            UnknownRate = 0.001,
        };
        History history = HistoryGenerator.Generate(1, options);
        long start = Stopwatch.GetTimestamp();
        IReadOnlyList<Violation> violations = HistoryChecker.Check(history);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        TestContext.Out.WriteLine($"{history.Operations.Count} operations, {history.Witness.Count} events: {elapsed}");
        Assert.That(violations, Is.Empty);
    }
}
