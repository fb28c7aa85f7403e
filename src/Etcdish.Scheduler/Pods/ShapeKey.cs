using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Scheduler.Pods;

/// <summary>
/// Writes down all of a pod that scheduling depends on, so that equal pods have equal texts. It is written for every pod that is seen, and
/// kept only for the first of its kind: hence one buffer for all.
/// </summary>
internal sealed class ShapeKey
{
    private const char Next = '\u0001';
    private char[] _text = new char[1024];
    private int _length;

    /// <summary>The text of a pod, until the next is written.</summary>
    public ReadOnlySpan<char> Write(Pod pod)
    {
        _length = 0;
        WriteLabels(pod);
        var spec = pod.Spec;
        Add(spec.Priority ?? 0);
        Add(spec.PreemptionPolicy);
        Add(pod.Metadata.Controller?.Uid ?? "");
        WriteContainers(spec.Containers);
        WriteContainers(spec.InitContainers);
        Write(spec.Resources?.Requests);
        Write(spec.Overhead);
        foreach (var (key, value) in spec.NodeSelector ?? [])
        {
            Add(key);
            Add(value);
        }

        Add(spec.Tolerations.Length);
        foreach (var toleration in spec.Tolerations)
        {
            Add(toleration.Key);
            Add(toleration.Operator);
            Add(toleration.Value);
            Add(toleration.Effect);
        }

        WriteVolumes(pod);
        foreach (var gate in spec.SchedulingGates)
        {
            Add(gate.Name);
        }

        WriteSpread(spec.TopologySpreadConstraints);
        Write(spec.Affinity);
        return _text.AsSpan(0, _length);
    }

    /// <summary>The text of a pod's namespace and labels alone, until the next is written.</summary>
    public ReadOnlySpan<char> WriteLabelsOf(Pod pod)
    {
        _length = 0;
        WriteLabels(pod);
        return _text.AsSpan(0, _length);
    }

    private void WriteLabels(Pod pod)
    {
        Add(pod.Metadata.Namespace);
        Add(pod.Metadata.Labels.Count);
        foreach (var (key, value) in pod.Metadata.Labels)
        {
            Add(key);
            Add(value);
        }
    }

    private void WriteContainers(Container[] containers)
    {
        Add(containers.Length);
        foreach (var container in containers)
        {
            Add(container.Image);
            Add(container.RestartPolicy);
            Write(container.Resources.Requests);
            foreach (var port in container.Ports)
            {
                if (port.HostPort != 0)
                {
                    Add(port.HostIp);
                    Add(port.Protocol);
                    Add(port.HostPort);
                }
            }
        }
    }

    private void Write(Dictionary<string, Quantity>? amounts)
    {
        Add(amounts?.Count ?? 0);
        foreach (var (resource, amount) in amounts ?? [])
        {
            Add(resource);
            Add(PodRequests.Amount(resource, amount));
        }
    }

    private void WriteVolumes(Pod pod)
    {
        foreach (var claim in PodShape.ClaimsOf(pod))
        {
            Add(claim);
        }

        Add(Next.ToString());
    }

    private void WriteSpread(TopologySpreadConstraint[] constraints)
    {
        Add(constraints.Length);
        foreach (var constraint in constraints)
        {
            Add(constraint.MaxSkew);
            Add(constraint.TopologyKey);
            Add(constraint.WhenUnsatisfiable);
            Add(TextOf(constraint.LabelSelector));
            Add(constraint.MinDomains ?? 0);
            Add(constraint.NodeAffinityPolicy);
            Add(constraint.NodeTaintsPolicy);
            Array.ForEach(constraint.MatchLabelKeys, Add);
        }
    }

    private void Write(Affinity? affinity)
    {
        if (affinity is null)
        {
            return;
        }

        if (affinity.NodeAffinity is { } nodes)
        {
            Add(nodes.Required is null ? "any" : "some");
            Array.ForEach(nodes.Required?.NodeSelectorTerms ?? [], Write);
            Add("rather");
            Array.ForEach(nodes.Preferred, term =>
            {
                Add(term.Weight);
                Write(term.Preference);
            });
        }

        Write("near", affinity.PodAffinity);
        Write("far", affinity.PodAntiAffinity);
    }

    private void Write(NodeSelectorTerm term)
    {
        Add("expressions");
        Array.ForEach(term.MatchExpressions, Write);
        Add("fields");
        Array.ForEach(term.MatchFields, Write);
    }

    private void Write(NodeRequirement requirement)
    {
        Add(requirement.Key);
        Add(requirement.Operator);
        Add(requirement.Values.Length);
        Array.ForEach(requirement.Values, Add);
    }

    private void Write(string which, PodAffinity? affinity)
    {
        if (affinity is null)
        {
            return;
        }

        Add(which);
        Array.ForEach(affinity.Required, Write);
        Add("rather");
        Array.ForEach(affinity.Preferred, term =>
        {
            Add(term.Weight);
            Write(term.PodAffinityTerm);
        });
    }

    private void Write(PodAffinityTerm term)
    {
        Add(term.TopologyKey);
        Add(TextOf(term.LabelSelector));
        Add(term.NamespaceSelector is null ? "-" : TextOf(term.NamespaceSelector));
        Add(term.Namespaces.Length);
        Array.ForEach(term.Namespaces, Add);
    }

    private static string TextOf(LabelSelector selector) => selector.IsNothing ? "!" : selector.ToString();

    private void Add(string text)
    {
        Reserve(text.Length + 1);
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
        _text[_length++] = Next;
    }

    private void Add(long number)
    {
        Reserve(24);
        number.TryFormat(_text.AsSpan(_length), out var written);
        _length += written;
        _text[_length++] = Next;
    }

    private void Reserve(int count)
    {
        if (_text.Length - _length < count)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + count));
        }
    }
}
