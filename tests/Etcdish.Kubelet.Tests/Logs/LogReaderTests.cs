using Etcdish.Kubelet.Logs;

namespace Etcdish.Kubelet.Tests.Logs;

/// <summary>What is read of logs that nobody writes any more.</summary>
internal sealed class LogReaderTests
{
    private LogBench _bench = null!;

    [SetUp]
    public void Start() => _bench = new LogBench();

    [TearDown]
    public void Stop() => _bench.Dispose();

    [Test]
    public async Task Both_streams_come_in_order_and_partial_entries_become_one_line()
    {
        _bench.Write(
            LogBench.Entry(1, "one") + LogBench.Entry(2, "two", "stderr") + LogBench.Entry(3, "thr", tag: "P") + LogBench.Entry(3, "ee")
            + LogBench.Entry(4, "", tag: "F:some:tags") + LogBench.Entry(5, "fi", tag: "P:more") + LogBench.Entry(5, "ve"));

        Assert.That(await _bench.ReadAsync(new LogQuery()), Is.EqualTo("one\ntwo\nthree\n\nfive\n"));
    }

    [Test]
    public async Task Times_stand_at_the_beginning_of_lines_with_nine_digits()
    {
        _bench.Write(
            "2026-01-01T00:00:01Z stdout F none\n2026-01-01T00:00:02.123456789Z stdout F all\n2026-01-01T00:00:03.1+02:00 stdout P o\n"
            + "2026-01-01T00:00:04.1+02:00 stdout F ne\n");

        Assert.That(
            await _bench.ReadAsync(new LogQuery { Timestamps = true }),
            Is.EqualTo("2026-01-01T00:00:01.000000000Z none\n2026-01-01T00:00:02.123456789Z all\n2026-01-01T00:00:03.100000000+02:00 one\n"));
    }

    [TestCase("no header\n")]
    [TestCase("\n")]
    [TestCase("2026-01-01T00:00:00Z stdout\n")]
    [TestCase("2026-01-01T00:00:00Z stdin F text\n")]
    [TestCase("2026-01-01T00:00:00Z stdout  text\n")]
    public async Task Entries_that_cannot_be_read_are_left_out(string entry)
    {
        _bench.Write(LogBench.Entry(1, "before") + entry + new string('x', 1000) + "\n" + LogBench.Entry(2, "after"));

        Assert.That(await _bench.ReadAsync(new LogQuery()), Is.EqualTo("before\nafter\n"));
    }

    [TestCase(0, "")]
    [TestCase(1, "line 9\n")]
    [TestCase(3, "line 7\nline 8\nline 9\n")]
    [TestCase(10, "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\n")]
    [TestCase(1000, "line 0\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\n")]
    public async Task The_last_lines_come_from_one_file_and_from_several_plain_and_compressed(int lines, string expected)
    {
        _bench.Write(LogBench.Lines(0, 10));
        Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = lines }), Is.EqualTo(expected));

        _bench.WriteCompressed(LogBench.Lines(0, 3), "20260101-000000");
        _bench.WriteCompressed(LogBench.Lines(3, 2), "20260102-000000");
        _bench.Write(LogBench.Lines(5, 3), "20260103-000000");
        _bench.Write(LogBench.Lines(8, 2));
        Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = lines }), Is.EqualTo(expected));
    }

    [Test]
    public async Task The_last_lines_of_any_number_are_the_end_of_all_lines_wherever_blocks_begin()
    {
        var random = new Random(7);
        var text = new System.Text.StringBuilder();
        for (var i = 0; i < 3000; i++)
        {
            for (var parts = random.Next(3); parts > 0; parts--)
            {
                text.Append(LogBench.Entry(i, new string('p', random.Next(200)), tag: "P"));
            }

            text.Append(LogBench.Entry(i, $"end {i}", random.Next(2) == 0 ? "stdout" : "stderr"));
        }

        _bench.Write(text.ToString());
        var all = (await _bench.ReadAsync(new LogQuery())).Split('\n')[..^1];
        Assert.That(all, Has.Length.EqualTo(3000));
        foreach (var lines in Enumerable.Range(0, 60).Select(_ => random.Next(3000)))
        {
            Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = lines }), Is.EqualTo(string.Concat(all[^lines..].Select(l => l + "\n"))));
        }
    }

    [Test]
    public async Task A_line_that_has_not_ended_counts_among_the_last()
    {
        _bench.Write(LogBench.Lines(0, 3) + LogBench.Entry(4, "question? ", tag: "P"));

        Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = 2 }), Is.EqualTo("line 2\nquestion? "));
    }

    [Test]
    public async Task The_search_for_the_last_lines_of_a_large_file_reads_little_of_it()
    {
        const int Lines = 1_500_000;
        await using (var writer = new StreamWriter(_bench.Log))
        {
            for (var i = 0; i < Lines; i++)
            {
                await writer.WriteAsync($"2026-01-01T00:00:00.123456789Z stdout F some words and the number {i:0000000}\n");
            }
        }

        await using var file = LogFile.TryOpen(_bench.Log, isCompressed: false)!;
        Assert.That(file.Length, Is.GreaterThan(100_000_000));

        var (offset, found, isEnough) = LogTail.FindBackwards(file, file.Length, 100, isLast: true);

        Assert.That((found, isEnough, file.Length - offset), Is.EqualTo((100L, true, 100L * (file.Length / Lines))));
        Assert.That(file.BytesReadAt, Is.LessThan(100_000));
    }

    [Test]
    public async Task Lines_since_a_moment_come_and_files_that_ended_before_it_are_not_opened()
    {
        _bench.Write("this is no log, and no gzip", "20251231-000000.gz");
        _bench.Write(LogBench.Lines(0, 5), "20260101-000005");
        _bench.Write(LogBench.Lines(5, 5));

        Assert.That(
            await _bench.ReadAsync(new LogQuery { Since = new DateTimeOffset(2026, 1, 1, 0, 0, 4, TimeSpan.Zero) }),
            Is.EqualTo("line 4\nline 5\nline 6\nline 7\nline 8\nline 9\n"));
        Assert.That(_bench.Warnings, Is.Empty);
    }

    [Test]
    public async Task A_damaged_file_is_left_out_and_told_of()
    {
        _bench.Write("this is no gzip", "20251231-000000.gz");
        _bench.Write(LogBench.Lines(0, 2));

        Assert.That(await _bench.ReadAsync(new LogQuery()), Is.EqualTo("line 0\nline 1\n"));
        Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = 5 }), Is.EqualTo("line 0\nline 1\n"));
        Assert.That(_bench.Warnings, Has.All.Contains("damaged"));
        Assert.That(_bench.Warnings, Has.Count.EqualTo(3));
    }

    [TestCase(1, "l")]
    [TestCase(7, "line 0\n")]
    [TestCase(9, "line 0\nli")]
    [TestCase(1000, "line 0\nline 1\n")]
    public async Task A_limit_of_bytes_cuts(int limit, string expected)
    {
        _bench.Write(LogBench.Lines(0, 2));

        Assert.That(await _bench.ReadAsync(new LogQuery { LimitBytes = limit }), Is.EqualTo(expected));
    }

    [TestCase(LogStreams.Stdout, "out\n")]
    [TestCase(LogStreams.Stderr, "err\n")]
    public async Task One_stream_comes_alone(object streams, string expected)
    {
        _bench.Write(LogBench.Entry(1, "out") + LogBench.Entry(2, "err", "stderr"));

        Assert.That(await _bench.ReadAsync(new LogQuery { Streams = (LogStreams)streams }), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_log_that_is_not_there_is_told_from_an_empty_one()
    {
        Assert.That(await _bench.Reader.OpenAsync(_bench.Log, new LogQuery(), CancellationToken.None), Is.Null);
        _bench.Write("");
        Assert.That(await _bench.ReadAsync(new LogQuery { TailLines = 5 }), Is.Empty);
    }

    [Test]
    public void Bytes_in_pieces_of_any_size_give_the_same()
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(
            LogBench.Lines(0, 3) + "broken\n" + LogBench.Entry(3, "par", tag: "P") + LogBench.Entry(3, "tial") + LogBench.Entry(4, ""));
        for (var size = 1; size < bytes.Length; size++)
        {
            var formatter = new LogFormatter(new LogQuery { Timestamps = true });
            var output = new System.Buffers.ArrayBufferWriter<byte>();
            foreach (var piece in bytes.Chunk(size))
            {
                formatter.Add(piece, output);
            }

            var time = "2026-01-01T00:00:0";
            Assert.That(
                System.Text.Encoding.UTF8.GetString(output.WrittenSpan),
                Is.EqualTo(string.Concat(
                    new[] { "0.500000000Z line 0", "1.500000000Z line 1", "2.500000000Z line 2", "3.500000000Z partial", "4.500000000Z " }
                        .Select(line => $"{time}{line}\n"))));
        }
    }
}
