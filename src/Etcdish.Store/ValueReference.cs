namespace Etcdish.Store;

/// <summary>
/// Where the bytes of a value lie in the log. The index keeps this instead of the value, so a value is written exactly once.
/// </summary>
/// <param name="Segment">Number of the log segment.</param>
/// <param name="Offset">Byte offset of the value's first byte from the start of the segment file.</param>
/// <param name="Length">Length in bytes, 0 or more; an empty value has no bytes to read.</param>
/// <param name="Checksum">CRC32C of the value's bytes, checked on each read, so that rot in a cold segment can never be served.</param>
public readonly record struct ValueReference(uint Segment, uint Offset, int Length, uint Checksum);
