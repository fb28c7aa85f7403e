namespace Etcdish.ApiServer.Tests.Security;

/// <summary>Requests as a user, whom the cluster's master impersonates.</summary>
internal static class UserRequests
{
    public static Task<Answer> AsAsync(
        this TestCluster cluster, string user, HttpMethod method, string path, string? body = null, params IReadOnlyList<string> groups) =>
        TestCluster.SendAsync(
            cluster.Http,
            method,
            path,
            body,
            method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json",
            null,
            [("Impersonate-User", user), .. groups.Select(group => ("Impersonate-Group", group))]);

    /// <summary>Writes a role and, for a subject such as <c>User:jane</c> or <c>ServiceAccount:robot</c>, its binding of the same name.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="scope">The namespace; empty for a cluster role.</param>
    /// <param name="name">The name of both.</param>
    /// <param name="subject">Who gets it.</param>
    /// <param name="rules">Its rules, as JSON.</param>
    public static async Task GrantAsync(this TestCluster cluster, string scope, string name, string subject, string rules)
    {
        var root = "/apis/rbac.authorization.k8s.io/v1/" + (scope.Length > 0 ? $"namespaces/{scope}/role" : "clusterrole");
        var kind = scope.Length > 0 ? "Role" : "ClusterRole";
        var (subjectKind, subjectName) = subject.Split(':', 2) is [var first, var second] ? (first, second) : throw new FormatException(subject);
        var place = subjectKind == "ServiceAccount" ? "\"namespace\":\"default\"" : "\"apiGroup\":\"rbac.authorization.k8s.io\"";
        var role = await cluster.PostAsync($"{root}s", $$$"""{"metadata":{"name":"{{{name}}}"},"rules":[{{{rules}}}]}""");
        var binding = await cluster.PostAsync($"{root}bindings", $$$"""
            {"metadata":{"name":"{{{name}}}"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"{{{kind}}}","name":"{{{name}}}"},
            "subjects":[{"kind":"{{{subjectKind}}}","name":"{{{subjectName}}}",{{{place}}}}]}
            """);
        Assert.That((role.Status, binding.Status), Is.EqualTo((201, 201)), role.Text + binding.Text);
    }
}
