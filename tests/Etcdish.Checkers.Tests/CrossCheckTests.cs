namespace Etcdish.Checkers.Tests;

/// <summary>The check by revision and the classical search judge thousands of short histories alike.</summary>
public class CrossCheckTests
{
    [Test]
    public void Both_accept_good_short_histories([Range(0, 3)] int block)
    {
        for (int seed = block * 1_000; seed < block * 1_000 + 1_000; seed++)
        {
            History history = HistoryGenerator.Generate(seed, GeneratorOptions.Short);
            Assert.That(HistoryChecker.Check(history), Is.Empty, $"seed {seed}");
            Assert.That(WglChecker.IsLinearizable(history), Is.True, $"seed {seed}");
        }
    }

    [Test]
    public void Both_agree_on_mutated_short_histories([Range(0, 3)] int block)
    {
        int bad = 0;
        int good = 0;
        for (int seed = block * 2_000; seed < block * 2_000 + 2_000; seed++)
        {
            History history = Mutate(WithoutReasons(HistoryGenerator.Generate(seed, GeneratorOptions.Short)), new Random(seed));
            IReadOnlyList<Violation> violations = HistoryChecker.Check(history);
            if (violations.Any(violation => violation.Kind == ViolationKind.MalformedHistory))
                continue;
            bool linearizable = WglChecker.IsLinearizable(history);
            Assert.That(violations.Count == 0, Is.EqualTo(linearizable), $"seed {seed}:\n{Describe(history, violations)}");
            if (linearizable)
                good++;
            else
                bad++;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(bad, Is.GreaterThan(200), "mutations that matter");
            Assert.That(good, Is.GreaterThan(200), "mutations that are still legal");
        }
    }

    // The search does not judge why something was refused.
    private static History WithoutReasons(History history) =>
        history with { Operations = [.. history.Operations.Select(op => op with { Refusal = RefusalReason.Other })] };

    private static History Mutate(History history, Random random)
    {
        if (history.Operations.Count == 0)
            return history;
        Operation[] operations = [.. history.Operations];
        int index = random.Next(operations.Length);
        Operation victim = operations[index];
        operations[index] = random.Next(7) switch
        {
            0 => Shift(victim, random.NextInt64(-80_000_000, 80_000_000)),
            1 => victim with { CalledAt = Math.Max(0, victim.CalledAt - random.NextInt64(0, 60_000_000)) },
            2 => victim with { ReturnedAt = victim.ReturnedAt + random.NextInt64(0, 60_000_000) },
            3 or 4 when victim.Reply is { } reply => victim with { Reply = reply with { Revision = reply.Revision + random.Next(-1, 2) } },
            5 when victim.Outcome == Outcome.Unknown => victim with { Outcome = Outcome.NotApplied },
            5 => victim with { Outcome = Outcome.Unknown, Reply = null, Refusal = default },
            6 when victim.Reply is not null => Reread(history, victim, random),
            _ => Shift(victim, random.NextInt64(-300_000_000, 300_000_000)),
        };
        return history with { Operations = operations };
    }

    private static Operation Shift(Operation operation, long by) =>
        operation with { Client = 99, CalledAt = operation.CalledAt + by, ReturnedAt = operation.ReturnedAt + by };

    // The reply as it would have been at another revision: right in itself, and perhaps right in time.
    private static Operation Reread(History history, Operation operation, Random random)
    {
        var states = new StateHistory(history.Witness, []);
        long revision = random.NextInt64(1, states.LastRevision + 1);
        Reply reply = Model.Execute(operation.Call, states.At(revision)).Reply;
        return reply is RefusedReply ? operation : operation with { Reply = reply };
    }

    private static string Describe(History history, IReadOnlyList<Violation> violations)
    {
        var text = new StringWriter();
        text.WriteLine(string.Join('\n', history.Operations.OrderBy(op => op.CalledAt)));
        text.WriteLine(string.Join('\n', history.Witness));
        text.WriteLine(violations.Count == 0 ? "the fast check accepts it, the search does not" : string.Join('\n', violations));
        return text.ToString();
    }
}
