using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Containers;

/// <summary>
/// The environment of a container: first what comes whole from config maps and secrets, then its own variables in their order, each of
/// which may refer to those before it and to services, and last the services, where nothing of that name is there.
/// </summary>
/// <param name="objects">Config maps, secrets and services.</param>
/// <param name="node">The node.</param>
/// <param name="warn">Tells a pod's owner: the pod, a reason and a message.</param>
internal sealed class ContainerEnvironment(IObjectSource objects, Func<NodeFacts> node, Action<PodManifest, string, string> warn)
{
    /// <summary>The variables of a container.</summary>
    /// <exception cref="ContainerConfigException">One is from something that is not there.</exception>
    public async Task<VariableList> MakeAsync(ContainerPlan plan, CancellationToken cancellation)
    {
        var (pod, container) = (plan.Pod, plan.Container);
        var variables = new VariableList();
        foreach (var source in container.EnvFrom)
        {
            await AddAllAsync(variables, pod, source, cancellation);
        }

        // A static pod may be what brings the API up: it starts with those services that are known.
        if (!StaticPods.IsStatic(pod))
        {
            await objects.ServicesSynced.WaitAsync(cancellation);
        }

        var ns = pod.Metadata.Namespace;
        var services = ServiceVariables.Of(objects.ListServices(ns), ns, pod.Spec.EnableServiceLinks ?? true);
        foreach (var variable in container.Env)
        {
            var value = variable.Value.Length > 0 || variable.ValueFrom is not { } source
                ? VariableExpansion.Expand(variable.Value, name => variables.Find(name) ?? services.GetValueOrDefault(name))
                : await ReadAsync(plan, source, cancellation);
            if (value is not null)
            {
                variables.Set(variable.Name, value);
            }
        }

        foreach (var (name, value) in services)
        {
            variables.SetDefault(name, value);
        }

        return variables;
    }

    private async Task AddAllAsync(
        VariableList variables, PodManifest pod, EnvironmentSourceManifest source, CancellationToken cancellation)
    {
        var isSecret = source.SecretRef is not null;
        if ((source.ConfigMapRef ?? source.SecretRef) is not { } reference
            || await FindAsync(pod, reference.Name, reference.Optional, isSecret, cancellation) is not { } data)
        {
            return;
        }

        List<string> invalid = [];
        foreach (var (key, value) in data.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var name = source.Prefix + key;
            if (NameRules.EnvironmentVariable(name).Count > 0)
            {
                invalid.Add(name);
            }
            else
            {
                variables.Set(name, Decode((string?)value, isSecret));
            }
        }

        if (invalid.Count > 0)
        {
            warn(
                pod,
                "InvalidEnvironmentVariableNames",
                $"Keys [{string.Join(", ", invalid)}] from the EnvFrom {(isSecret ? "secret" : "configMap")} {pod.Metadata.Namespace}/"
                + $"{reference.Name} were skipped since they are considered invalid environment variable names.");
        }
    }

    /// <summary>A value from elsewhere; null: it is optional and not there.</summary>
    private async Task<string?> ReadAsync(ContainerPlan plan, EnvironmentValueManifest source, CancellationToken cancellation)
    {
        if (source.FieldRef is { } field)
        {
            return DownwardApi.ReadField(plan, field.FieldPath, node());
        }

        if (source.ResourceFieldRef is { } resource)
        {
            return DownwardApi.ReadResource(plan, resource, node());
        }

        var isSecret = source.SecretKeyRef is not null;
        if ((source.ConfigMapKeyRef ?? source.SecretKeyRef) is not { } key)
        {
            return "";
        }

        if (await FindAsync(plan.Pod, key.Name, key.Optional, isSecret, cancellation) is not { } data)
        {
            return null;
        }

        if (data[key.Key] is { } value)
        {
            return Decode((string?)value, isSecret);
        }

        return key.Optional ? null : throw new ContainerConfigException(
            $"couldn't find key {key.Key} in {(isSecret ? "Secret" : "ConfigMap")} {plan.Pod.Metadata.Namespace}/{key.Name}");
    }

    /// <summary>The values of an object; null: it is optional and not there.</summary>
    private async Task<JsonObject?> FindAsync(
        PodManifest pod, string name, bool isOptional, bool isSecret, CancellationToken cancellation)
    {
        var ns = pod.Metadata.Namespace;
        var found = isSecret
            ? await objects.FindSecretAsync(ns, name, cancellation)
            : await objects.FindConfigMapAsync(ns, name, cancellation);
        return found is not null ? found["data"] as JsonObject ?? []
            : isOptional ? null
            : throw new ContainerConfigException($"{(isSecret ? "secret" : "configmap")} \"{name}\" not found");
    }

    private static string Decode(string? value, bool isSecret) =>
        !isSecret ? value ?? "" : Encoding.UTF8.GetString(Convert.FromBase64String(value ?? ""));
}
