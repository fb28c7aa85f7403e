using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Client;
using Etcdish.Kubernetes.Objects;

namespace Etcdish.Kubelet.Volumes;

/// <summary>
/// Tokens of pods' service accounts (TokenRequest), bound to the pod: with it they end. A token is asked for anew when four fifths of its
/// life, or a day, are over. Safe for use by many threads.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="clock">The clock of their lives.</param>
/// <param name="warn">Is told what goes wrong while the token at hand still holds.</param>
internal sealed class PodTokens(KubernetesClient client, TimeProvider clock, Action<string> warn)
{
    private const double UsedPart = 0.8;
    private const int SpreadSeconds = 10;
    private static readonly TimeSpan _longestUse = TimeSpan.FromDays(1);
    private static readonly TimeSpan _answerPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan _retryPause = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<(string Uid, string Audience, long Seconds), PodToken> _tokens = [];

    /// <summary>A token that holds.</summary>
    /// <exception cref="VolumeException">None can be had.</exception>
    public async Task<PodToken> GetAsync(PodManifest pod, TokenManifest wish, CancellationToken cancellation)
    {
        var key = (pod.Uid, wish.Audience, wish.ExpirationSeconds);
        var known = _tokens.GetValueOrDefault(key);
        var now = clock.GetUtcNow();
        if (known is not null && now < known.RefreshAt)
        {
            return known;
        }

        try
        {
            return _tokens[key] = await RequestAsync(pod, wish, now, cancellation);
        }
        catch (Exception e) when (e is ApiStatusException or HttpRequestException or IOException or FormatException or TimeoutException)
        {
            if (known is null || known.ExpiresAt <= now)
            {
                throw new VolumeException("FailedMount", $"failed to fetch token: {e.Message}", e);
            }

            warn($"pod {pod}: its token cannot be renewed and is used on until {TimeText.Format(known.ExpiresAt)}: {e.Message}");
            return _tokens[key] = known with { RefreshAt = now + _retryPause };
        }
    }

    /// <summary>Forgets the tokens of a pod.</summary>
    public void Forget(string uid)
    {
        foreach (var key in _tokens.Keys.Where(key => key.Uid == uid))
        {
            _tokens.TryRemove(key, out _);
        }
    }

    private async Task<PodToken> RequestAsync(PodManifest pod, TokenManifest wish, DateTimeOffset now, CancellationToken cancellation)
    {
        var spec = new JsonObject
        {
            ["expirationSeconds"] = wish.ExpirationSeconds,
            ["boundObjectRef"] = new JsonObject
            {
                ["kind"] = "Pod",
                ["apiVersion"] = "v1",
                ["name"] = pod.Metadata.Name,
                ["uid"] = pod.Uid,
            },
        };
        if (wish.Audience.Length > 0)
        {
            spec["audiences"] = new JsonArray(wish.Audience);
        }

        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = spec };
        var account = pod.Spec.ServiceAccountName.Length > 0 ? pod.Spec.ServiceAccountName : "default";
        var path = Resources.ServiceAccounts.Path(pod.Metadata.Namespace, account, "token");
        var answer = JsonTree.ParseObject(
            await client.SendAsync(HttpMethod.Post, path, request, null, cancellation).WaitAsync(_answerPatience, clock, cancellation));
        var text = answer["status"]?["token"]?.GetValue<string>() ?? "";
        if (text.Length == 0 || !TimeText.TryParse(answer["status"]?["expirationTimestamp"]?.GetValue<string>() ?? "", out var end))
        {
            throw new FormatException("the answer holds no token");
        }

        var use = (end - now) * UsedPart;
        use = (use < _longestUse ? use : _longestUse) - SpreadOf(pod.Uid);
        return new PodToken(text, end, now + (use > TimeSpan.Zero ? use : TimeSpan.Zero));
    }

    /// <summary>Pods that came together do not ask together again.</summary>
    private static TimeSpan SpreadOf(string uid)
    {
        var sum = uid.Aggregate(17u, (all, letter) => (all * 31) + letter);
        return TimeSpan.FromMilliseconds(sum % (SpreadSeconds * 1000));
    }
}

/// <summary>A token.</summary>
/// <param name="Text">It.</param>
/// <param name="ExpiresAt">When it ends.</param>
/// <param name="RefreshAt">When a new one is to be asked for.</param>
internal sealed record PodToken(string Text, DateTimeOffset ExpiresAt, DateTimeOffset RefreshAt);
