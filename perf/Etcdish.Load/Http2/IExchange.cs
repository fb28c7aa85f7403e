namespace Etcdish.Load.Http2;

/// <summary>
/// What a connection is used for. All calls come from the connection's own loop, one after another, so an exchange needs no locks for
/// what is its own; requests it makes are sent together when the batch of responses is done.
/// </summary>
internal interface IExchange
{
    /// <summary>The connection is up: open the first streams.</summary>
    void Begin(LeanConnection connection);

    /// <summary>A whole gRPC message arrived on a stream; the span is valid during the call only.</summary>
    void OnMessage(LeanConnection connection, int slot, ReadOnlySpan<byte> message);

    /// <summary>A stream ended and its slot is free. Status 0 is success.</summary>
    void OnEnd(LeanConnection connection, int slot, int status, string text);

    /// <summary>Everything that arrived in one read has been handed over. False = the exchange is done with the connection.</summary>
    bool OnBatchEnd(LeanConnection connection);
}
