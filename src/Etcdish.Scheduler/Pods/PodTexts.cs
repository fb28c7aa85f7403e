using System.Text;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Pods;

/// <summary>Parts of a shape as texts, so that pods that differ in others can share what was counted for them.</summary>
internal static class PodTexts
{
    public static string OfNodes(PodShape pod)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in pod.NodeSelector)
        {
            text.Append(key).Append('=').Append(value).Append(';');
        }

        foreach (var term in pod.NodeAffinity?.Required?.NodeSelectorTerms ?? [])
        {
            text.Append("or(");
            Append(text, term.MatchExpressions);
            text.Append('@');
            Append(text, term.MatchFields);
            text.Append(')');
        }

        return text.ToString();
    }

    public static string OfTolerations(PodShape pod) =>
        string.Concat(pod.Tolerations.Select(t => $"{t.Key}\u0001{t.Operator}\u0001{t.Value}\u0001{t.Effect}\u0002"));

    private static void Append(StringBuilder text, NodeRequirement[] requirements)
    {
        foreach (var requirement in requirements)
        {
            text.Append(requirement.Key).Append(' ').Append(requirement.Operator).Append(' ')
                .AppendJoin('\u0001', requirement.Values).Append(';');
        }
    }
}
