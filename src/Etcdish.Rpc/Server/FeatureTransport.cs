using System.IO.Pipelines;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Etcdish.Rpc.Wire;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Etcdish.Rpc;

/// <summary>A call that was made inside the process, given as the features of an HTTP/2 request.</summary>
internal sealed class FeatureTransport(IFeatureCollection features) : CallTransport
{
    private readonly IHttpRequestFeature _request = features.GetRequiredFeature<IHttpRequestFeature>();

    public override IHeaderDictionary RequestHeaders => _request.Headers;

    public override IHeaderDictionary ResponseHeaders => features.GetRequiredFeature<IHttpResponseFeature>().Headers;

    public override IHeaderDictionary ResponseTrailers => features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;

    public override PipeReader RequestBody => features.GetRequiredFeature<IRequestBodyPipeFeature>().Reader;

    public override PipeWriter ResponseBody => features.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;

    public override bool HasResponseStarted => features.GetRequiredFeature<IHttpResponseFeature>().HasStarted;

    public override bool IsAborted => Aborted.IsCancellationRequested;

    public override CancellationToken Aborted => features.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;

    public override IPEndPoint? Peer
    {
        get
        {
            IHttpConnectionFeature? connection = features.Get<IHttpConnectionFeature>();
            return connection?.RemoteIpAddress is { } address ? new IPEndPoint(address, connection.RemotePort) : null;
        }
    }

    public override X509Certificate2? ClientCertificate => features.Get<ITlsConnectionFeature>()?.ClientCertificate;

    public override bool IsTls => features.Get<ITlsHandshakeFeature>() is not null;

    public override string ConnectionId => features.Get<IHttpConnectionFeature>()?.ConnectionId ?? "";

    /// <summary>What is called: the path.</summary>
    public string Path => _request.Path;

    public override string? GetRequestHeader(string name) =>
        _request.Headers.TryGetValue(name, out StringValues values) ? values.ToString() : null;

    public override ValueTask StartAsync(CancellationToken cancellationToken) =>
        new(features.GetRequiredFeature<IHttpResponseBodyFeature>().StartAsync(cancellationToken));

    public override void SetOutcome(StatusCode status, string message, bool trailersOnly)
    {
        IHeaderDictionary headers = trailersOnly ? ResponseHeaders : ResponseTrailers;
        headers.GrpcStatus = StatusTexts.Of(status);
        headers.GrpcMessage = PercentEncoding.Encode(message);
        if (trailersOnly)
        {
            MoveTrailers(headers);
        }
    }

    public override void SetBroken()
    {
        const int InternalError = 2;
        features.GetRequiredFeature<IHttpResetFeature>().Reset(InternalError);
    }

    private void MoveTrailers(IHeaderDictionary headers)
    {
        IHeaderDictionary trailers = ResponseTrailers;
        if (trailers.Count == 0)
        {
            return;
        }

        foreach (var (name, value) in trailers)
        {
            headers[name] = value;
        }

        trailers.Clear();
    }
}
