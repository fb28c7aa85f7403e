using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Images;

/// <summary>Sees to it that a container's image is here: pull policy, secrets, back-off, events. Safe for use by many threads.</summary>
internal interface IImagePuller
{
    /// <summary>The image of a container, pulled if its policy says so.</summary>
    /// <exception cref="ImageException">It is not to be had now.</exception>
    Task<ImageState> EnsureAsync(PodManifest pod, ContainerManifest container, CancellationToken cancellation);
}

/// <summary>An image that is not to be had now.</summary>
/// <param name="reason">ErrImagePull, ImagePullBackOff, ErrImageNeverPull, InvalidImageName or ImageInspectError.</param>
/// <param name="message">What is wrong, for the pod's owner.</param>
/// <param name="retryAt">When to try again.</param>
internal sealed class ImageException(string reason, string message, DateTimeOffset retryAt) : Exception(message)
{
    /// <summary>The reason that the container waits for.</summary>
    public string Reason { get; } = reason;

    /// <summary>When to try again.</summary>
    public DateTimeOffset RetryAt { get; } = retryAt;
}
