using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>Roles and their bindings.</summary>
internal static class RbacRules
{
    private const string Group = "rbac.authorization.k8s.io";

    private static readonly string[] _group = [Group];
    private static readonly string[] _noGroup = [""];
    private static readonly string[] _subjectKinds = ["ServiceAccount", "User", "Group"];
    private static readonly string[] _roleKinds = ["Role", "ClusterRole"];
    private static readonly string[] _clusterRoleKinds = ["ClusterRole"];

    public static void DefaultBinding(JsonObject binding)
    {
        binding.Part("roleRef")?.DefaultIfZero("apiGroup", Group);
        foreach (var subject in binding.Objects("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.DefaultIfZero("apiGroup", Group);
            }
        }
    }

    public static void CheckRole(CheckedField role, CheckedField stored) => CheckPolicies(role["rules"], isNamespaced: true);

    public static void CheckClusterRole(CheckedField role, CheckedField stored)
    {
        CheckPolicies(role["rules"], isNamespaced: false);
        foreach (var selector in role["aggregationRule"]["clusterRoleSelectors"].Items)
        {
            selector.Selector();
        }

        if (role["aggregationRule"].IsSet && role["aggregationRule"]["clusterRoleSelectors"].Count == 0)
        {
            role["aggregationRule"]["clusterRoleSelectors"].Required(
                "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }
    }

    public static void CheckRoleBinding(CheckedField binding, CheckedField stored) =>
        CheckBinding(binding, stored, _roleKinds, isNamespaced: true);

    public static void CheckClusterRoleBinding(CheckedField binding, CheckedField stored) =>
        CheckBinding(binding, stored, _clusterRoleKinds, isNamespaced: false);

    private static void CheckPolicies(CheckedField rules, bool isNamespaced)
    {
        foreach (var rule in rules.Items)
        {
            CheckPolicy(rule, isNamespaced);
        }
    }

    private static void CheckPolicy(CheckedField rule, bool isNamespaced)
    {
        if (rule["verbs"].Count == 0)
        {
            rule["verbs"].Required("verbs must contain at least one value");
        }

        var urls = rule["nonResourceURLs"];
        if (urls.Count > 0)
        {
            if (isNamespaced)
            {
                urls.Invalid("namespaced rules cannot apply to non-resource URLs");
            }

            if (rule["apiGroups"].Count + rule["resources"].Count + rule["resourceNames"].Count > 0)
            {
                urls.Invalid("rules cannot apply to both regular resources and non-resource URLs");
            }

            return;
        }

        if (rule["apiGroups"].Count == 0)
        {
            rule["apiGroups"].Required("resource rules must supply at least one api group");
        }

        if (rule["resources"].Count == 0)
        {
            rule["resources"].Required("resource rules must supply at least one resource");
        }
    }

    private static void CheckBinding(CheckedField binding, CheckedField stored, string[] kinds, bool isNamespaced)
    {
        var role = binding["roleRef"];
        role["apiGroup"].OneOf(_group);
        role["kind"].OneOf(kinds);
        role["name"].RequireAnd(NameRules.PathSegment);
        foreach (var subject in binding["subjects"].Items)
        {
            CheckSubject(subject, isNamespaced);
        }

        if (stored.IsSet)
        {
            role.Unchanged(stored["roleRef"], "cannot change roleRef");
        }
    }

    private static void CheckSubject(CheckedField subject, bool isNamespaced)
    {
        subject["name"].RequireText();
        switch (subject["kind"].Text)
        {
            case "ServiceAccount":
                subject["name"].CheckIfSet(NameRules.Dns1123Subdomain);
                if (subject["apiGroup"].HasText)
                {
                    subject["apiGroup"].NotSupported(_noGroup);
                }

                if (!subject["namespace"].HasText && !isNamespaced)
                {
                    subject["namespace"].Required();
                }

                break;
            case "User" or "Group":
                subject["apiGroup"].OneOf(_group);
                break;
            default:
                subject["kind"].NotSupported(_subjectKinds);
                break;
        }
    }
}
