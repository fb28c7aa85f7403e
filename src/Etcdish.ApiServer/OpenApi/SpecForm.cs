namespace Etcdish.ApiServer.OpenApi;

/// <summary>The language of a document.</summary>
internal enum SpecForm
{
    /// <summary>Swagger 2.0: one document for everything.</summary>
    V2,

    /// <summary>OpenAPI 3.0: a document for each group version.</summary>
    V3,
}
