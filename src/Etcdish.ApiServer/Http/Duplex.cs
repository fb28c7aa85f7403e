using System.IO.Pipelines;

namespace Etcdish.ApiServer.Http;

/// <summary>A connection of which one direction was replaced.</summary>
internal sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
