using Microsoft.AspNetCore.Http;

namespace Etcdish.ApiServer.Security;

/// <summary>Who makes a request.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Groups">The groups the user is in.</param>
internal sealed record RequestUser(string Name, IReadOnlyList<string> Groups)
{
    /// <summary>The group whose members may do everything.</summary>
    public const string Masters = "system:masters";

    /// <summary>The group of everybody who said who he is.</summary>
    public const string Authenticated = "system:authenticated";

    /// <summary>The group of everybody who did not.</summary>
    public const string Unauthenticated = "system:unauthenticated";

    /// <summary>The name of those who did not say who they are.</summary>
    public const string AnonymousName = "system:anonymous";

    /// <summary>The key of <see cref="Extra"/> that tells which certificate or token was shown.</summary>
    public const string CredentialKey = "authentication.kubernetes.io/credential-id";

    /// <summary>The server itself: what it does on its own account.</summary>
    public static RequestUser Server { get; } = new("system:apiserver", [Masters]);

    /// <summary>Somebody who did not say who he is.</summary>
    public static RequestUser Anonymous { get; } = new(AnonymousName, [Unauthenticated]);

    /// <summary>What tells this user from later ones of the same name; empty if nothing does.</summary>
    public string Uid { get; init; } = "";

    /// <summary>What else the authenticator knows, in the order of the keys.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = new SortedDictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether the user may do everything.</summary>
    public bool IsMaster => IsIn(Masters);

    /// <summary>Who makes this request, as it was found out when the request was let in.</summary>
    public static RequestUser Of(HttpContext http) => (RequestUser)http.Items[typeof(RequestUser)]!;

    /// <summary>What an authenticator knows of somebody, by key.</summary>
    public static SortedDictionary<string, IReadOnlyList<string>> NewExtra() => new(StringComparer.Ordinal);

    /// <summary>Notes who makes the request.</summary>
    public void AttachTo(HttpContext http) => http.Items[typeof(RequestUser)] = this;

    /// <summary>Whether the user is in a group.</summary>
    public bool IsIn(string group)
    {
        for (var i = 0; i < Groups.Count; i++)
        {
            if (Groups[i] == group)
            {
                return true;
            }
        }

        return false;
    }
}
