using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;

namespace Etcdish.Rpc;

/// <summary>
/// What a call stands on: a stream of the HTTP/2 engine, or a request made inside the process. Both give bytes and headers in, and take
/// bytes and headers out; framing, status and lifetime of calls are the same above it.
/// </summary>
internal abstract class CallTransport
{
    public abstract IHeaderDictionary RequestHeaders { get; }

    public abstract IHeaderDictionary ResponseHeaders { get; }

    public abstract IHeaderDictionary ResponseTrailers { get; }

    public abstract PipeReader RequestBody { get; }

    public abstract PipeWriter ResponseBody { get; }

    /// <summary>Whether headers were sent, after which an error can only be told in trailers.</summary>
    public abstract bool HasResponseStarted { get; }

    /// <summary>Whether the client has ended the call or is gone; true no later than what that makes fail.</summary>
    public abstract bool IsAborted { get; }

    /// <summary>Cancelled some time after <see cref="IsAborted"/>; made when asked for.</summary>
    public abstract CancellationToken Aborted { get; }

    public abstract IPEndPoint? Peer { get; }

    public abstract X509Certificate2? ClientCertificate { get; }

    public abstract bool IsTls { get; }

    public abstract string ConnectionId { get; }

    /// <summary>One header of the request without making a dictionary of all; several of the name are joined by commas.</summary>
    /// <param name="name">Name, case-insensitive.</param>
    public abstract string? GetRequestHeader(string name);

    /// <summary>Sends the response's headers.</summary>
    public abstract ValueTask StartAsync(CancellationToken cancellationToken);

    /// <summary>Settles how the response ends; it is sent once the call has let go of everything.</summary>
    /// <param name="status">The status.</param>
    /// <param name="message">Its text, as it came.</param>
    /// <param name="trailersOnly">Whether the status is all of the response.</param>
    /// <exception cref="ArgumentException">The handler set a header that cannot be sent.</exception>
    public abstract void SetOutcome(StatusCode status, string message, bool trailersOnly);

    /// <summary>Settles that the response cannot be mended by a status: the client sees a reset.</summary>
    public abstract void SetBroken();
}
