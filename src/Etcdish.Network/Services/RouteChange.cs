namespace Etcdish.Network.Services;

/// <summary>A route that is new, other than before, or gone.</summary>
/// <param name="Key">Whose.</param>
/// <param name="Before">How it was; null: it is new.</param>
/// <param name="Now">How it is; null: it is gone.</param>
internal readonly record struct RouteChange(ServicePortKey Key, ServiceRoute? Before, ServiceRoute? Now);

/// <summary>Where this node is: by this, endpoints are local, or near.</summary>
/// <param name="Node">Its name.</param>
/// <param name="Zone">Its zone; empty: none.</param>
internal readonly record struct NodePlace(string Node, string Zone);
