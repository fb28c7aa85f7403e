using System.Text.Json;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>
/// The table of a pod's life: what is seen on the left, stage and actions on the right. A sandbox is <c>s0</c>, or <c>s0!</c> when it is not
/// ready; a container <c>web.1=run</c>, <c>=made</c> or <c>=3</c>, its code; all others are marks.
/// </summary>
public sealed class PodPlanTests
{
    private static readonly DateTimeOffset _now = new ManualClock().GetUtcNow();

    // One regular container.
    [TestCase("web", "", "Preparing: prepare")]
    [TestCase("web", "prepared", "Preparing: sandbox 0")]
    [TestCase("web", "prepared s0!", "Preparing: stop s0")]
    [TestCase("web", "prepared s0! stopped:s0", "Preparing: sandbox 1")]
    [TestCase("web", "prepared s0! stopped:s0 web.0=run", "Preparing: kill web.0")]
    [TestCase("web", "prepared s0", "Running: start web 0")]
    [TestCase("web", "s0 web.0=run", "Running: prepare")]
    [TestCase("web", "prepared s0 web.0=run", "Running:")]
    [TestCase("web", "prepared s0 web.0=made", "Running: start web 0 made")]
    [TestCase("web", "prepared s0 web.2=1", "Running: start web 3")]
    [TestCase("web", "prepared s0 web.2=1 backoff:web", "Running: wait 10")]
    [TestCase("web", "prepared s0 web.0=1 doing:start_web", "Running:")]
    [TestCase("web", "prepared s0 doing:start_web retry:start_web", "Running:")]
    [TestCase("web", "prepared s0 retry:start_web", "Running: wait 5")]
    [TestCase("web", "prepared s0 web.3=run web.2=1 web.1=1", "Running: remove web.1")]
    [TestCase("web", "prepared s1 s0 web.0=run", "Running: stop s0")]

    // Its end.
    [TestCase("web", "prepared s0 web.0=run deleted", "Stopping: kill web.0")]
    [TestCase("web", "prepared s0 web.0=run deleted doing:kill_web.0", "Stopping:")]
    [TestCase("web", "prepared s0 web.0=made deleted", "Stopping: remove web.0")]
    [TestCase("web", "prepared s0 deleted doing:start_web", "Stopping:")]
    [TestCase("web", "prepared s0 web.0=0 deleted", "Releasing: stop s0")]
    [TestCase("web", "prepared s0! web.0=0 deleted stopped:s0", "Releasing: release")]
    [TestCase("web", "prepared s0! web.0=0 deleted stopped:s0 released", "Ended:")]
    [TestCase("web", "prepared s0! web.0=0 deleted stopped:s0 released final", "Removing: remove s0")]
    [TestCase("web", "deleted released final", "Removing: delete")]
    [TestCase("web", "deleted released final told", "Removing:")]
    [TestCase("web", "deleted released vanished", "Gone:")]
    [TestCase("web Never", "prepared s0 web.0=3", "Releasing: stop s0")]
    [TestCase("web OnFailure", "prepared s0 web.0=3", "Running: start web 1")]
    [TestCase("web OnFailure", "prepared s0 web.0=0", "Releasing: stop s0")]

    // Init containers a and b, a sidecar between them.
    [TestCase("init", "prepared s0", "Initializing: start a 0")]
    [TestCase("init", "prepared s0 a.0=run", "Initializing:")]
    [TestCase("init", "prepared s0 a.0=1", "Initializing: start a 1")]
    [TestCase("init Never", "prepared s0 a.0=1", "Releasing: stop s0")]
    [TestCase("init", "prepared s0 a.0=0", "Initializing: start side 0")]
    [TestCase("init", "prepared s0 a.0=0 side.0=run slow", "Initializing:")]
    [TestCase("init", "prepared s0 a.0=0 side.0=run", "Initializing: start b 0")]
    [TestCase("init", "prepared s0 a.0=0 side.0=1 b.0=run", "Initializing: start side 1")]
    [TestCase("init", "prepared s0 a.0=0 side.0=run b.0=0", "Running: start web 0")]
    [TestCase("init", "prepared s0 a.0=0 side.0=1 b.0=0 web.0=run", "Running: start side 1")]
    [TestCase("init Never", "prepared s0 a.0=0 side.0=run b.0=0 web.0=0", "Stopping: kill side.0")]
    [TestCase("init", "prepared s0 a.0=0 side.0=run b.0=0 web.0=run deleted", "Stopping: kill web.0")]
    [TestCase("init", "prepared s0 a.0=0 side.0=run b.0=0 web.0=0 deleted", "Stopping: kill side.0")]
    public void Each_sight_has_its_next_step(string pod, string seen, string expected)
    {
        var decision = PodPlan.Next(View(pod, seen.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        var actions = decision.Actions.Select(Describe).ToList();
        if (actions.Count == 0 && decision.WakeAt is { } at)
        {
            actions.Add($"wait {(at - _now).TotalSeconds}");
        }

        Assert.That($"{decision.Stage}: {string.Join(", ", actions)}".TrimEnd(), Is.EqualTo(expected));
    }

    private static string Describe(PodAction action) => action switch
    {
        MakeSandbox make => $"sandbox {make.Attempt}",
        StartContainer start => $"start {start.Container.Name} {start.Attempt}{(start.Made is null ? "" : " made")}",
        _ => action.Key,
    };

    private static PodView View(string pod, string[] marks)
    {
        var (sandboxes, containers) = (new List<SandboxState>(), new List<ContainerState>());
        var (doing, retries) = (new Dictionary<string, PodAction>(), new Dictionary<string, DateTimeOffset>());
        var (stopped, backOffs) = (new HashSet<string>(), new Dictionary<string, CrashBackOff>());
        foreach (var mark in marks)
        {
            var (head, value) = (mark.Split(':')[0], mark.Split(':').Last().Replace('_', ' '));
            if (mark.Contains('='))
            {
                containers.Add(Container(mark));
            }
            else if (mark[0] == 's' && mark.Length > 1 && char.IsDigit(mark[1]))
            {
                sandboxes.Add(new SandboxState { Id = mark[..2], Pod = default, Attempt = mark[1] - '0', IsReady = mark.Length == 2 });
            }
            else
            {
                _ = head switch
                {
                    "doing" => doing.TryAdd(value, Doing(value)),
                    "retry" => retries.TryAdd(value, _now.AddSeconds(5)),
                    "stopped" => stopped.Add(value),
                    "backoff" => backOffs.TryAdd(value, new CrashBackOff(TimeSpan.FromSeconds(10), _now)),
                    _ => true,
                };
            }
        }

        var isDeleted = marks.Contains("deleted");
        return new PodView
        {
            Pod = Pod(pod),
            Now = _now,
            Sandboxes = sandboxes,
            Containers = containers,
            Ending = isDeleted ? new PodEnding(EndingCause.Deleted, _now.AddSeconds(30)) : null,
            IsToVanish = isDeleted,
            IsVanished = marks.Contains("vanished"),
            IsPrepared = marks.Contains("prepared"),
            IsReleased = marks.Contains("released"),
            IsFinalKnown = marks.Contains("final"),
            IsDeleted = marks.Contains("told"),
            Running = doing,
            StoppedSandboxes = stopped,
            Retries = retries,
            BackOffs = backOffs,
            Probe = _ => new ProbeResults(!marks.Contains("slow"), true, null),
        };
    }

    private static PodAction Doing(string key) => key.StartsWith("start", StringComparison.Ordinal)
        ? new StartContainer(new ContainerManifest { Name = key[6..] }, new SandboxState { Id = "s0", Pod = default }, 0, null, null)
        : new KillContainer(Container(key[5..] + "=run"), null, _now, "");

    /// <summary>A container of the newest sandbox, which is s0 in all rows that have one that runs.</summary>
    private static ContainerState Container(string mark)
    {
        var (id, state) = (mark.Split('=')[0], mark.Split('=')[1]);
        return new ContainerState
        {
            Id = id,
            SandboxId = "s0",
            Pod = default,
            Name = id.Split('.')[0],
            Attempt = int.Parse(id.Split('.')[1]),
            Phase = state switch
            {
                "run" => ContainerPhase.Running,
                "made" => ContainerPhase.Created,
                _ => ContainerPhase.Exited,
            },
            ExitCode = int.TryParse(state, out var code) ? code : 0,
            FinishedAt = _now,
        };
    }

    private static PodManifest Pod(string kind)
    {
        var policy = kind.Split(' ').Skip(1).FirstOrDefault() ?? "Always";
        var init = kind.StartsWith("init", StringComparison.Ordinal)
            ? """{"name":"a"},{"name":"side","restartPolicy":"Always"},{"name":"b"}"""
            : "";
        return JsonSerializer.Deserialize(
            $$$"""
            {"metadata":{"name":"p","uid":"u"},"spec":{"restartPolicy":"{{{policy}}}","initContainers":[{{{init}}}],"containers":[{"name":"web"}]}}
            """,
            KubeletForms.Default.PodManifest)!;
    }
}
