using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Kubernetes;
using Etcdish.Kubernetes.Control;

namespace Etcdish.Kubelet.Images;

/// <summary>
/// Sees to it that images are here, as pods' policies say. A pull that failed is not tried again for that pod and image until its back-off
/// is over, though it is asked for.
/// </summary>
/// <param name="images">The runtime's images.</param>
/// <param name="objects">Finds the secrets that pods name.</param>
/// <param name="events">Tells pods' owners.</param>
/// <param name="clock">The clock of back-off and durations.</param>
/// <param name="parallelism">How many images are fetched at once.</param>
internal sealed class ImagePuller(
    IImageService images, IObjectSource objects, EventRecorder events, TimeProvider clock, int parallelism = 1) : IImagePuller, IDisposable
{
    // Soon, so that the pod is seen to back off, not only to have failed.
    private static readonly TimeSpan _afterFailure = TimeSpan.FromSeconds(2);

    // What a user must mend is looked at from time to time.
    private static readonly TimeSpan _afterMistake = TimeSpan.FromSeconds(10);

    private readonly PullBackOff _backOff = new(clock);
    private readonly SharedPulls _pulls = new(images, clock, parallelism);

    /// <inheritdoc/>
    public async Task<ImageState> EnsureAsync(PodManifest pod, ContainerManifest container, CancellationToken cancellation)
    {
        var parsed = ImageName.Parse(container.Image, out var problem);
        if (parsed is null)
        {
            var message = $"Failed to apply default image tag \"{container.Image}\": couldn't parse image name \"{container.Image}\": {problem}";
            throw Refuse(pod, container, "InspectFailed", "InvalidImageName", message, _afterMistake);
        }

        var image = ImageName.WithDefaultTag(container.Image, parsed);
        var present = await FindAsync(pod, container, image, cancellation);
        var policy = Policy(container, parsed);
        if (present is not null && policy != "Always")
        {
            var message = $"Container image \"{container.Image}\" already present on machine and can be accessed by the pod";
            Tell(pod, container, "Normal", "Pulled", message);
            return present;
        }

        if (policy == "Never")
        {
            var message = $"Container image \"{container.Image}\" is not present with pull policy of Never";
            throw Refuse(pod, container, "ErrImageNeverPull", "ErrImageNeverPull", message, _afterMistake);
        }

        return await PullAsync(pod, container, image, parsed, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _pulls.Dispose();

    private static string Policy(ContainerManifest container, ImageName name) => container.ImagePullPolicy.Length > 0
        ? container.ImagePullPolicy
        : name.Digest.Length == 0 && name.Tag is "" or "latest" ? "Always" : "IfNotPresent";

    private async Task<ImageState?> FindAsync(PodManifest pod, ContainerManifest container, string image, CancellationToken cancellation)
    {
        try
        {
            return await images.FindAsync(image, cancellation);
        }
        catch (RuntimeException e)
        {
            var message = $"Failed to inspect image \"{container.Image}\": {e.Message}";
            throw Refuse(pod, container, "InspectFailed", "ImageInspectError", message, _afterFailure);
        }
    }

    private async Task<ImageState> PullAsync(
        PodManifest pod, ContainerManifest container, string image, ImageName parsed, CancellationToken cancellation)
    {
        var key = $"{pod.Uid}_{container.Image}";
        if (_backOff.Find(key) is { } wait)
        {
            var message = $"Back-off pulling image \"{container.Image}\"";
            Tell(pod, container, "Normal", "BackOff", message);
            Tell(pod, container, "Warning", "Failed", "Error: ImagePullBackOff");
            throw new ImageException("ImagePullBackOff", $"{message}: ErrImagePull: {wait.Failure}", wait.Until);
        }

        var logins = (await ReadSecretsAsync(pod, cancellation)).Find(parsed);
        Tell(pod, container, "Normal", "Pulling", $"Pulling image \"{container.Image}\"");
        var began = clock.GetTimestamp();
        try
        {
            var took = await _pulls.PullAsync(image, logins, cancellation);
            var state = await images.FindAsync(image, cancellation)
                ?? throw new RuntimeException($"image \"{image}\" is not here although it was pulled");
            _backOff.Remove(key);
            Tell(
                pod,
                container,
                "Normal",
                "Pulled",
                $"Successfully pulled image \"{container.Image}\" in {Text(took)} ({Text(clock.GetElapsedTime(began))} including waiting). "
                + $"Image size: {state.SizeBytes} bytes.");
            return state;
        }
        catch (RuntimeException e)
        {
            _backOff.Add(key, e.Message);
            Tell(pod, container, "Warning", "Failed", $"Failed to pull image \"{container.Image}\": {e.Message}");
            Tell(pod, container, "Warning", "Failed", "Error: ErrImagePull");
            throw new ImageException("ErrImagePull", e.Message, clock.GetUtcNow() + _afterFailure);
        }
    }

    private async Task<RegistryKeyring> ReadSecretsAsync(PodManifest pod, CancellationToken cancellation)
    {
        var keyring = new RegistryKeyring();
        List<string> missing = [];
        foreach (var name in pod.Spec.ImagePullSecrets.Select(secret => secret.Name).Where(name => name.Length > 0))
        {
            if (await objects.FindSecretAsync(pod.Metadata.Namespace, name, cancellation) is not { } secret)
            {
                missing.Add(name);
                continue;
            }

            try
            {
                keyring.Add(secret);
            }
            catch (FormatException e)
            {
                events.Warning(KubeletKinds.Pods, pod, "FailedToRetrieveImagePullSecret", $"secret \"{name}\" cannot be used: {e.Message}");
            }
        }

        if (missing.Count > 0)
        {
            events.Warning(
                KubeletKinds.Pods,
                pod,
                "FailedToRetrieveImagePullSecret",
                $"Unable to retrieve some image pull secrets ({string.Join(", ", missing)}); attempting to pull the image may not succeed.");
        }

        return keyring;
    }

    private ImageException Refuse(
        PodManifest pod, ContainerManifest container, string eventReason, string reason, string message, TimeSpan wait)
    {
        Tell(pod, container, "Warning", eventReason, message);
        Tell(pod, container, "Warning", "Failed", "Error: " + reason);
        return new ImageException(reason, message, clock.GetUtcNow() + wait);
    }

    private void Tell(PodManifest pod, ContainerManifest container, string type, string reason, string message)
    {
        var list = pod.Spec.InitContainers.Contains(container) ? "initContainers"
            : pod.Spec.EphemeralContainers.Contains(container) ? "ephemeralContainers"
            : "containers";
        var path = $"spec.{list}{{{container.Name}}}";
        if (type == "Normal")
        {
            events.Normal(KubeletKinds.Pods, pod, reason, message, fieldPath: path);
        }
        else
        {
            events.Warning(KubeletKinds.Pods, pod, reason, message, fieldPath: path);
        }
    }

    /// <summary>As Go writes a duration that was cut to milliseconds.</summary>
    private static string Text(TimeSpan time) => DurationText.Format((long)time.TotalMilliseconds * 1_000_000);
}
