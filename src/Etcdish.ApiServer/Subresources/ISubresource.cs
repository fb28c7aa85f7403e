using Etcdish.ApiServer.Http;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Answers requests for one subresource, for whichever resources have it.</summary>
internal interface ISubresource
{
    /// <summary>Its name in paths, such as <c>scale</c>.</summary>
    string Name { get; }

    /// <summary>Answers a request. Scope and user are checked; the method is not.</summary>
    /// <exception cref="ApiException">The request fails.</exception>
    Task HandleAsync(ApiRequest request);
}
