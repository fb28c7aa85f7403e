namespace Etcdish.Log.Tests;

/// <summary>A temporary folder per test, and the few helpers that most tests of the log share.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public abstract class LogFixture
{
    protected string Folder { get; private set; } = "";

    protected static LogOptions SmallSegments { get; } = new() { SegmentBytes = LogOptions.MinSegmentBytes, ClusterId = 7, MemberId = 9 };

    [SetUp]
    public void MakeFolder() => Folder = Directory.CreateTempSubdirectory("etcdish-log-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(Folder, recursive: true);

    protected SegmentedLog OpenRecovered(LogOptions? options = null)
    {
        var log = SegmentedLog.Open(Folder, options ?? SmallSegments);
        log.Recover(LogPosition.Beginning);
        return log;
    }

    /// <summary>The payload that every test gives to the record of an index, so that a replay can be checked byte by byte.</summary>
    internal static byte[] PayloadOf(ulong index, int length)
    {
        var payload = new byte[length];
        new Random((int)index).NextBytes(payload);
        return payload;
    }

    internal static List<(ulong Index, byte[] Payload)> Contents(IEnumerable<LogRecord> records) =>
        records.Select(record => (record.Index, record.Bytes.ToArray())).ToList();
}
