namespace Etcdish.Consensus.Tests;

/// <summary>The log's terms as runs, against a plain list of terms.</summary>
[TestFixture]
internal sealed class TermLogTests
{
    [Test]
    public void Runs_of_terms_answer_as_a_plain_list_does()
    {
        for (var seed = 1UL; seed <= 300; seed++)
        {
            var random = new SeededRandom(seed);
            var log = new TermLog(0, 0);
            var plain = new List<ulong> { 0 };
            var start = 0;
            for (var step = 0; step < 40; step++)
            {
                Mutate(random, log, plain, ref start);
                Compare(log, plain, start, seed);
            }
        }
    }

    [Test]
    public void An_index_beyond_the_log_or_before_its_base_has_no_term()
    {
        var log = new TermLog(5, 2);
        log.Append(7, 3);
        Assert.That(log.TryTermAt(4, out _), Is.False);
        Assert.That(log.TryTermAt(8, out _), Is.False);
        Assert.That(log.Matches(5, 2), Is.True);
        Assert.That(log.Matches(6, 2), Is.False);
    }

    [Test]
    public void What_cannot_be_is_refused_loudly()
    {
        var log = new TermLog(5, 2);
        log.Append(7, 3);
        Assert.That(() => log.Append(8, 2), Throws.TypeOf<ConsensusInvariantException>());
        Assert.That(() => log.Append(7, 3), Throws.TypeOf<ConsensusInvariantException>());
        Assert.That(() => log.TruncateFrom(5), Throws.TypeOf<ConsensusInvariantException>());
        Assert.That(() => log.Compact(8), Throws.TypeOf<ConsensusInvariantException>());
    }

    private static void Mutate(SeededRandom random, TermLog log, List<ulong> plain, ref int start)
    {
        var last = plain.Count - 1;
        switch (random.Below(4))
        {
            case 0 when last > start:
                var cut = start + 1 + random.Below(last - start);
                log.TruncateFrom((ulong)cut);
                plain.RemoveRange(cut, plain.Count - cut);
                break;
            case 1 when last > start:
                start += 1 + random.Below(last - start);
                log.Compact((ulong)start);
                break;
            default:
                var term = Math.Max(plain[^1], 1) + (ulong)random.Below(3);
                var count = 1 + random.Below(4);
                plain.AddRange(Enumerable.Repeat(term, count));
                log.Append((ulong)plain.Count - 1, term);
                break;
        }
    }

    private static void Compare(TermLog log, List<ulong> plain, int start, ulong seed)
    {
        var bounds = ((ulong)start, (ulong)plain.Count - 1, plain[^1]);
        Assert.That((log.BaseIndex, log.LastIndex, log.LastTerm), Is.EqualTo(bounds), $"seed {seed}");
        for (var index = start; index < plain.Count; index++)
        {
            Assert.That(log.Matches((ulong)index, plain[index]), Is.True, $"seed {seed}, index {index}");
        }

        for (var term = 0UL; term <= plain[^1] + 1; term++)
        {
            var expected = (ulong)Math.Max(plain.FindLastIndex(candidate => candidate <= term), start);
            Assert.That(log.LastIndexNotAbove(ulong.MaxValue, term), Is.EqualTo(expected), $"seed {seed}, term {term}");
        }
    }
}
