using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Pods;

/// <summary>
/// Something to be done about a pod, by itself and for as long as it takes. What is done has a key, by which it is not begun twice.
/// </summary>
/// <param name="Key">What it is about.</param>
internal abstract record PodAction(string Key)
{
    /// <summary>Whether it serves a pod that is to run, and is broken off when the pod is to end.</summary>
    public bool IsForStart => this is PreparePod or MakeSandbox or StartContainer or ResizeContainer;
}

/// <summary>Makes volumes and control group.</summary>
internal sealed record PreparePod() : PodAction("prepare");

/// <summary>Makes a sandbox.</summary>
internal sealed record MakeSandbox(int Attempt) : PodAction("sandbox");

/// <summary>Gets a container's image, makes the container and starts it, with what it is to do as it starts.</summary>
/// <param name="Container">The container.</param>
/// <param name="Sandbox">Where.</param>
/// <param name="Attempt">Which try.</param>
/// <param name="Made">One that was made and not started, which is started then; null: it is to be made.</param>
/// <param name="After">The try before it that ended, if any.</param>
internal sealed record StartContainer(
    ContainerManifest Container, SandboxState Sandbox, int Attempt, ContainerState? Made, ContainerState? After)
    : PodAction(KeyOf(Container.Name))
{
    /// <summary>The key of a container's start.</summary>
    public static string KeyOf(string name) => "start " + name;
}

/// <summary>Ends a container.</summary>
/// <param name="Container">The container.</param>
/// <param name="Manifest">What its pod says of it; null: the pod does not know it.</param>
/// <param name="Until">When it is killed if it has not ended.</param>
/// <param name="Message">Why, for the pod's owner.</param>
internal sealed record KillContainer(ContainerState Container, ContainerManifest? Manifest, DateTimeOffset Until, string Message)
    : PodAction("kill " + Container.Id);

/// <summary>Gives a running container other limits.</summary>
internal sealed record ResizeContainer(ContainerManifest Container, ContainerState State) : PodAction("resize " + Container.Name);

/// <summary>Stops a sandbox, and gives its network back.</summary>
/// <param name="Sandbox">The sandbox.</param>
/// <param name="IsReplaced">Whether another is made in its place.</param>
internal sealed record StopSandbox(SandboxState Sandbox, bool IsReplaced) : PodAction("stop " + Sandbox.Id);

/// <summary>Removes a container that has ended or was never started, with its log.</summary>
internal sealed record RemoveContainer(ContainerState Container) : PodAction("remove " + Container.Id);

/// <summary>Removes a sandbox with its dead containers.</summary>
internal sealed record RemoveSandbox(SandboxState Sandbox) : PodAction("remove " + Sandbox.Id);

/// <summary>Takes volumes and control group away.</summary>
internal sealed record ReleasePod() : PodAction("release");

/// <summary>Deletes the object, for good.</summary>
internal sealed record DeletePod() : PodAction("delete");

/// <summary>What is to be done about a pod now.</summary>
/// <param name="Stage">Where it is.</param>
/// <param name="Ending">Why it ends; null: it does not.</param>
/// <param name="Actions">What is to be begun.</param>
/// <param name="WakeAt">When to look again, if nothing happens before; null: not before something does.</param>
/// <param name="Waits">Why containers are not there, by name.</param>
internal sealed record PodDecision(
    PodStage Stage,
    PodEnding? Ending,
    IReadOnlyList<PodAction> Actions,
    DateTimeOffset? WakeAt,
    IReadOnlyDictionary<string, ContainerWait> Waits);
