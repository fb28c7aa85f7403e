using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Security.Rbac;

/// <summary>To whom a binding gives its role: one of its subjects.</summary>
/// <param name="Kind">User, Group or ServiceAccount.</param>
/// <param name="Namespace">The namespace of an account.</param>
/// <param name="Name">The name.</param>
internal sealed record RoleSubject(string Kind, string Namespace, string Name)
{
    /// <summary>The name of the user it stands for; null for a group.</summary>
    public string? UserName => Kind switch
    {
        "User" => Name,
        "ServiceAccount" when Namespace.Length > 0 => ServiceAccountName.UserName(Namespace, Name),
        _ => null,
    };

    /// <inheritdoc/>
    public override string ToString() => Kind == "ServiceAccount" ? $"{Kind} \"{Name}/{Namespace}\"" : $"{Kind} \"{Name}\"";
}

/// <summary>A RoleBinding or ClusterRoleBinding.</summary>
/// <param name="Namespace">Its namespace; empty for the whole cluster.</param>
/// <param name="Name">Its name.</param>
/// <param name="RoleKind">Role or ClusterRole.</param>
/// <param name="RoleName">The role that it gives.</param>
/// <param name="Subjects">To whom.</param>
internal sealed record RoleBinding(string Namespace, string Name, string RoleKind, string RoleName, RoleSubject[] Subjects)
{
    public static RoleBinding Read(JsonObject value)
    {
        var scope = value.Namespace();
        var subjects = value.Items("subjects").OfType<JsonObject>().Select(subject => new RoleSubject(
            subject.Text("kind"), subject.Text("namespace") is { Length: > 0 } named ? named : scope, subject.Text("name")));
        return new RoleBinding(scope, value.Name(), value.Part("roleRef").Text("kind"), value.Part("roleRef").Text("name"), [.. subjects]);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var binding = Namespace.Length == 0 ? $"ClusterRoleBinding \"{Name}\"" : $"RoleBinding \"{Name}/{Namespace}\"";
        return $"{binding} of {RoleKind} \"{RoleName}\"";
    }
}

/// <summary>One subject's share in a binding.</summary>
internal sealed record RoleGrant(RoleBinding Binding, RoleSubject Subject)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Binding} to {Subject}";
}
