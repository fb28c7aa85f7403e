using System.Text;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Volumes;

/// <summary>Gathers what volumes show that are made of the API's objects: config maps, secrets, tokens and the pod itself.</summary>
/// <param name="objects">The objects.</param>
/// <param name="tokens">The tokens.</param>
/// <param name="allocatable">What the node's pods may use, by resource.</param>
internal sealed class PayloadSource(IObjectSource objects, PodTokens tokens, Func<IReadOnlyDictionary<string, Quantity>> allocatable)
{
    /// <summary>What a volume is to show now, and when it must be gathered anew whatever happens; null: never.</summary>
    /// <exception cref="VolumeException">Something of it is not to be had.</exception>
    public async Task<(Payload Payload, DateTimeOffset? RefreshAt)> GatherAsync(
        PodManifest pod, VolumeManifest volume, CancellationToken cancellation)
    {
        var payload = new Payload();
        DateTimeOffset? refreshAt = null;
        List<string> problems = [];
        foreach (var (source, mode) in SourcesOf(volume))
        {
            try
            {
                if (await AddAsync(payload, pod, source, mode, cancellation) is { } due && (refreshAt is null || due < refreshAt))
                {
                    refreshAt = due;
                }
            }
            catch (Exception e) when (e is VolumeException or FormatException or HttpRequestException or Kubernetes.Client.ApiStatusException)
            {
                problems.Add(e.Message);
            }
        }

        return problems.Count switch
        {
            0 => (payload, refreshAt),
            1 => throw new VolumeException("FailedMount", problems[0]),
            _ => throw new VolumeException("FailedMount", $"[{string.Join(", ", problems)}]"),
        };
    }

    /// <summary>A volume of one source is as one of several.</summary>
    private static IEnumerable<(ProjectionManifest Source, int Mode)> SourcesOf(VolumeManifest volume)
    {
        if (volume.Projected is { } projected)
        {
            return projected.Sources.Select(source => (source, projected.DefaultMode ?? Modes.File));
        }

        var mode = volume.ConfigMap?.DefaultMode ?? volume.Secret?.DefaultMode ?? volume.DownwardApi?.DefaultMode ?? Modes.File;
        return [(new ProjectionManifest { ConfigMap = volume.ConfigMap, Secret = volume.Secret, DownwardApi = volume.DownwardApi }, mode)];
    }

    private async Task<DateTimeOffset?> AddAsync(
        Payload payload, PodManifest pod, ProjectionManifest source, int mode, CancellationToken cancellation)
    {
        var ns = pod.Metadata.Namespace;
        if (source.ConfigMap is { } map)
        {
            var found = await objects.FindConfigMapAsync(ns, map.Name, cancellation);
            AddItems(payload, map, mode, Require(found, map, "configmap", map.Name), "configmap references non-existent config key: ");
        }
        else if (source.Secret is { } secret)
        {
            var name = secret.SecretName.Length > 0 ? secret.SecretName : secret.Name;
            var found = await objects.FindSecretAsync(ns, name, cancellation);
            AddItems(payload, secret, mode, Require(found, secret, "secret", name), "references non-existent secret key: ");
        }
        else if (source.DownwardApi is { } fields)
        {
            AddFields(payload, pod, fields, mode);
        }
        else if (source.ServiceAccountToken is { } wish)
        {
            var token = await tokens.GetAsync(pod, wish, cancellation);
            var uid = Environment.IsPrivilegedProcess ? PodUser.Of(pod) : null;
            var own = uid is not null || pod.Spec.SecurityContext.FsGroup is not null ? Modes.OwnerOnly : mode;
            payload.Add(wish.Path, new PayloadFile(Encoding.UTF8.GetBytes(token.Text), own, uid));
            return token.RefreshAt;
        }
        else
        {
            AddTrustBundle(payload, source.ClusterTrustBundle, mode);
        }

        return null;
    }

    private static Dictionary<string, byte[]> Require(JsonObject? found, FilesManifest wish, string kind, string name)
    {
        if (found is null && !wish.Optional)
        {
            throw new VolumeException("FailedMount", $"{kind} \"{name}\" not found");
        }

        Dictionary<string, byte[]> values = [];
        foreach (var (key, value) in found?["data"] as JsonObject ?? [])
        {
            var text = value?.GetValue<string>() ?? "";
            values[key] = kind == "secret" ? Convert.FromBase64String(text) : Encoding.UTF8.GetBytes(text);
        }

        foreach (var (key, value) in found?["binaryData"] as JsonObject ?? [])
        {
            values[key] = Convert.FromBase64String(value?.GetValue<string>() ?? "");
        }

        return values;
    }

    private static void AddItems(Payload payload, FilesManifest wish, int mode, Dictionary<string, byte[]> values, string problem)
    {
        if (wish.Items.Length == 0)
        {
            foreach (var (key, value) in values)
            {
                payload.Add(key, new PayloadFile(value, mode));
            }

            return;
        }

        foreach (var item in wish.Items)
        {
            if (values.TryGetValue(item.Key, out var value))
            {
                payload.Add(item.Path, new PayloadFile(value, item.Mode ?? mode));
            }
            else if (!wish.Optional)
            {
                throw new VolumeException("FailedMount", problem + item.Key);
            }
        }
    }

    private void AddFields(Payload payload, PodManifest pod, DownwardManifest fields, int mode)
    {
        foreach (var item in fields.Items)
        {
            var text = item.FieldRef is { } field ? DownwardFields.Read(pod, field.FieldPath)
                : item.ResourceFieldRef is { } resource ? DownwardFields.Read(pod, resource, allocatable())
                : "";
            payload.Add(item.Path, new PayloadFile(Encoding.UTF8.GetBytes(text), item.Mode ?? mode));
        }
    }

    private static void AddTrustBundle(Payload payload, JsonObject? bundle, int mode)
    {
        if (bundle?["optional"]?.GetValue<bool>() != true)
        {
            throw new VolumeException("FailedMount", "this node has no cluster trust bundles: the projection clusterTrustBundle is not supported");
        }

        payload.Add(bundle["path"]?.GetValue<string>() ?? "", new PayloadFile([], mode));
    }
}
