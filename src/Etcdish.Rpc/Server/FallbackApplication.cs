using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Etcdish.Rpc;

/// <summary>
/// Answers every request that is no gRPC. It is what Kestrel calls for HTTP/1.1, which cannot carry trailers to gRPC's clients and so is
/// never gRPC; the HTTP/2 engine calls it for what has another content type.
/// </summary>
internal sealed class FallbackApplication(RpcServerOptions options) : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public Task ProcessRequestAsync(IFeatureCollection context)
    {
        if (options.Fallback is not { } fallback)
        {
            context.GetRequiredFeature<IHttpResponseFeature>().StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return Task.CompletedTask;
        }

        // The server sets no bounds on bodies and their pace, because streams of gRPC run for months. They come back here.
        if (context.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } bodySize)
        {
            bodySize.MaxRequestBodySize = options.MaxFallbackBodyBytes;
        }

        if (context.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(240, TimeSpan.FromSeconds(5));
        }

        return fallback(new DefaultHttpContext(context));
    }

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
        // Nothing was made for the request but its features, which are Kestrel's.
    }
}
