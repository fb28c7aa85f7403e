namespace Etcdish.Rpc;

/// <summary>Told about every call of a server, for metrics. Runs on the call's thread: be quick and do not throw.</summary>
public abstract class RpcObserver
{
    /// <summary>A call of a known method begins.</summary>
    /// <param name="method">The method.</param>
    public virtual void CallStarted(RpcMethod method)
    {
    }

    /// <summary>A call that began has ended.</summary>
    /// <param name="method">The method.</param>
    /// <param name="status">How it ended.</param>
    /// <param name="elapsed">Time since its headers arrived.</param>
    public virtual void CallEnded(RpcMethod method, StatusCode status, TimeSpan elapsed)
    {
    }

    /// <summary>A message arrived.</summary>
    /// <param name="method">The method.</param>
    /// <param name="bytes">Its length on the wire, without the prefix of five bytes.</param>
    public virtual void MessageReceived(RpcMethod method, int bytes)
    {
    }

    /// <summary>A message was begun.</summary>
    /// <param name="method">The method.</param>
    /// <param name="bytes">Its length on the wire, without the prefix of five bytes.</param>
    public virtual void MessageSent(RpcMethod method, int bytes)
    {
    }
}
