using System.Globalization;
using Etcdish.Log;

// Appends and commits records to the folder in the first argument, as many as the second says, and prints the index of each one that was
// acknowledged. The tests run it under strace, which makes a sync fail. After a failure it tries to go on, which must not succeed.
var count = ulong.Parse(args[1], CultureInfo.InvariantCulture);
var hasFailed = false;
try
{
    using var log = SegmentedLog.Open(args[0], new LogOptions { SegmentBytes = LogOptions.MinSegmentBytes });
    ulong last = 0;
    foreach (LogRecord record in log.Replay(LogPosition.Beginning))
    {
        last = record.Index;
    }

    for (var index = last + 1; index <= last + count; index++)
    {
        try
        {
            log.Append(1, index, 1, new byte[3000]);
            log.Commit();
            Console.WriteLine(index);
        }
        catch (LogFailedException e)
        {
            Console.Error.WriteLine(e.Message);
            Console.WriteLine("failed");
            hasFailed = true;
        }
    }
}
catch (IOException e)
{
    Console.Error.WriteLine(e.Message);
    Console.WriteLine("failed");
    hasFailed = true;
}

return hasFailed ? 70 : 0;
