namespace Etcdish.ApiServer.Security.Nodes;

/// <summary>Which users are nodes: those named <c>system:node:NAME</c> of the group <c>system:nodes</c>.</summary>
internal static class NodeIdentity
{
    /// <summary>The group of all nodes.</summary>
    public const string Group = "system:nodes";

    private const string Prefix = "system:node:";

    /// <summary>The name of the node that a user is, empty if it has none; null: the user is no node.</summary>
    public static string? Of(RequestUser user) =>
        user.Name.StartsWith(Prefix, StringComparison.Ordinal) && user.IsIn(Group) ? user.Name[Prefix.Length..] : null;
}
