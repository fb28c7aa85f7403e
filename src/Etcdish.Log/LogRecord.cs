namespace Etcdish.Log;

/// <summary>One record, as <see cref="SegmentedLog.Replay"/> yields it.</summary>
/// <param name="Kind">What the caller said the record is; the log does not look at it.</param>
/// <param name="Index">The consensus index given at append.</param>
/// <param name="Term">The consensus term given at append.</param>
/// <param name="Payload">Where the first payload byte lies; <see cref="SegmentedLog.Read"/> takes it back.</param>
/// <param name="Bytes">The payload, verified. Valid only until the next record is asked for: the buffer is reused.</param>
public readonly record struct LogRecord(byte Kind, ulong Index, ulong Term, LogPosition Payload, ReadOnlyMemory<byte> Bytes);

/// <summary>One segment file of the log.</summary>
/// <param name="Number">Its number; segments are numbered from 1 without reuse.</param>
/// <param name="FileBytes">Size of the file, which is its full size from the moment it is prepared.</param>
/// <param name="UsedBytes">Bytes up to the end of the last committed record; for a segment before the replayed part, the file size.</param>
/// <param name="Sealed">Whether nothing will be appended to it any more; only such a segment can be deleted.</param>
public readonly record struct SegmentInfo(uint Number, long FileBytes, long UsedBytes, bool Sealed);

/// <summary>What the first <see cref="SegmentedLog.Replay"/> found at the end of the log.</summary>
/// <param name="Records">Records replayed to the caller.</param>
/// <param name="End">End of the log after recovery.</param>
/// <param name="TornBytes">
/// Length of the torn tail that was cut: bytes of a batch whose sync had not returned when the process died, so nobody was told that it
/// is durable. 0 after a clean stop. Worth a line in the node's own log when it is not 0.
/// </param>
public readonly record struct RecoveryReport(long Records, LogPosition End, long TornBytes);
