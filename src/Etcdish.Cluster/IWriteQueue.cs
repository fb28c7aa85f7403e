using Etcdish.Store;

namespace Etcdish.Cluster;

/// <summary>Where the parts of a node bring their writes, and work to be done between two batches.</summary>
internal interface IWriteQueue
{
    /// <summary>Queues a write, or a piece of work to run on the loop between two batches.</summary>
    /// <exception cref="EtcdException">TooManyRequests past the byte bound, Stopped when the node stops or has failed.</exception>
    ValueTask<ApplyResult> Enqueue(byte kind, ReadOnlyMemory<byte> payload, Action? work = null);

    /// <summary>
    /// Queues a write of the node's own, whose answer nobody waits for. When the queue is full it is left to the next tick.
    /// </summary>
    void Post(byte kind, ReadOnlyMemory<byte> payload);
}
