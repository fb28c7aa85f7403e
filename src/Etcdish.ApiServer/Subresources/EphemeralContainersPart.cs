using Etcdish.ApiServer.Registry;

namespace Etcdish.ApiServer.Subresources;

/// <summary>Containers that are put into a running pod to look at it. They come, but never change and never go.</summary>
internal static class EphemeralContainersPart
{
    public static UpdatePart Part { get; } = new(
        "ephemeralcontainers", (result, wanted) => result.Ensure("spec").CopyFrom(wanted.Part("spec"), "ephemeralContainers"));
}
