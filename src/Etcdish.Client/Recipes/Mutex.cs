using Etcdish.Protos;
using Google.Protobuf;

namespace Etcdish.Client;

/// <summary>
/// A lock between processes, by name; queues with etcd's own clients. It tells who may go ahead, but cannot stop a holder whose session
/// was lost without its noticing: guard what it protects with <see cref="IsHeld"/> in each transaction. Not thread-safe.
/// </summary>
public sealed class Mutex
{
    private readonly Contender _contender;

    /// <summary>A lock of this name, to be held by this session. Two mutexes of one name and one session are the same lock.</summary>
    public Mutex(Session session, string name)
    {
        _contender = new Contender(session, name);
    }

    /// <summary>The key that exists as long as the lock is held or waited for.</summary>
    public ByteString Key => _contender.Key;

    /// <summary>Condition for a transaction: the lock is held still.</summary>
    public Compare IsHeld => _contender.StillThere;

    /// <summary>Waits for the lock. A wait that is cancelled gives up the place in the queue.</summary>
    /// <exception cref="SessionLostException">The session ended meanwhile.</exception>
    /// <exception cref="Rpc.RpcException">A call failed. Ask again with this mutex, or dispose the session to leave the queue.</exception>
    public async Task LockAsync(CancellationToken cancellationToken = default)
    {
        if (!await _contender.JoinAsync(ByteString.Empty, cancellationToken))
        {
            await _contender.WaitForTurnAsync(cancellationToken);
        }
    }

    /// <summary>Takes the lock if it is free; false when somebody else holds it.</summary>
    /// <exception cref="Rpc.RpcException">A call failed. Ask again with this mutex, or dispose the session to leave the queue.</exception>
    public async Task<bool> TryLockAsync(CancellationToken cancellationToken = default)
    {
        if (await _contender.JoinAsync(ByteString.Empty, cancellationToken))
        {
            return true;
        }

        await _contender.LeaveAsync(cancellationToken);
        return false;
    }

    /// <summary>Gives the lock up; harmless when it is not held.</summary>
    /// <exception cref="Rpc.RpcException">The call failed; the lock may be held still, until the session ends.</exception>
    public Task UnlockAsync(CancellationToken cancellationToken = default) => _contender.LeaveAsync(cancellationToken);
}
