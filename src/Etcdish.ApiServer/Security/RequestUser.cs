using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Groups">The groups the user is in.</param>
internal sealed record RequestUser(string Name, IReadOnlyList<string> Groups)
{
    /// <summary>The group whose members may do everything.</summary>
    public const string Masters = "system:masters";

    /// <summary>The server itself: what it does on its own account.</summary>
    public static RequestUser Server { get; } = new("system:apiserver", [Masters]);

    /// <summary>What tells this user from later ones of the same name; empty if nothing does.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What else the authenticator knows, in the order of the keys.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new SortedDictionary<string, IReadOnlyList<string>>();

    /// <summary>Who makes this request, as it was found out when the request was let in.</summary>
    public static RequestUser Of(HttpContext http) => (RequestUser)http.Items[typeof(RequestUser)]!;

    /// <summary>Notes who makes the request.</summary>
    public void AttachTo(HttpContext http) => http.Items[typeof(RequestUser)] = this;
}
