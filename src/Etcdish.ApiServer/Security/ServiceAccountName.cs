using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Security;

/// <summary>Service accounts as users.</summary>
internal static class ServiceAccountName
{
    /// <summary>The group of all accounts.</summary>
    public const string AllGroup = "system:serviceaccounts";

    private const string Prefix = "system:serviceaccount:";

    public static string UserName(string scope, string name) => $"{Prefix}{scope}:{name}";

    /// <summary>The groups an account is in, beside that of everybody who is authenticated.</summary>
    public static string[] Groups(string scope) => [AllGroup, $"{AllGroup}:{scope}"];

    /// <summary>Cuts the name of a user who is an account; false for other users.</summary>
    public static bool TrySplit(string userName, out string scope, out string name)
    {
        (scope, name) = ("", "");
        if (!userName.StartsWith(Prefix, StringComparison.Ordinal) || userName[Prefix.Length..].Split(':') is not [var first, var second])
        {
            return false;
        }

        (scope, name) = (first, second);
        return NameRules.Dns1123Label(scope).Count == 0 && NameRules.Dns1123Subdomain(name).Count == 0;
    }
}
