using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>
/// Pods come, go, crash and are evicted, sandboxes are lost, calls fail or are done though they seem to fail, and the kubelet is killed
/// wherever it is. Whatever happens: no container runs twice, none starts or ends out of turn, no status goes backwards, no object goes before
/// all of its pod is gone, and in the end nothing is left.
/// </summary>
public sealed class PodChaosTests
{
    private const string Ordered =
        """
        {'restartPolicy':'%','terminationGracePeriodSeconds':5,
         'initContainers':[{'name':'init-1','image':'short'},{'name':'side-1','image':'any','restartPolicy':'Always'},
           {'name':'init-2','image':'short'},{'name':'side-2','image':'deaf','restartPolicy':'Always'}],
         'containers':[{'name':'main-1','image':'any'},{'name':'main-2','image':'job'}]}
        """;

    private const string Simple = "{'restartPolicy':'%','terminationGracePeriodSeconds':3,'containers':[{'name':'main','image':'flaky'}]}";

    private static readonly string[] _policies = ["Always", "OnFailure", "Never"];

    [Test]
    public async Task Whatever_happens_order_is_kept_and_nothing_is_left([Range(1, 12)] int seed)
    {
        var random = new Random(seed);
        await using var bench = new PodBench();
        var disorder = Watch(bench.Runtime);
        bench.Runtime.Programs["short"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(1) };
        bench.Runtime.Programs["job"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(7), ExitCode = seed % 2 };
        bench.Runtime.Programs["flaky"] = new FakeProgram { RunsFor = TimeSpan.FromSeconds(4), ExitCode = 1 };
        bench.Runtime.Programs["deaf"] = new FakeProgram { IgnoresStop = true };
        bench.Start();
        Disturb(bench, random);
        for (var step = 0; step < 60; step++)
        {
            await StepAsync(bench, random, step);
        }

        bench.Runtime.Faults = null;
        bench.Api.Fails = () => false;
        bench.Volumes.IsStuck = false;
        foreach (var pod in bench.Api.List())
        {
            bench.Api.Delete(pod.Metadata.Name, 5);
        }

        await bench.PassAsync(120, step: 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bench.Runtime.Violations.Concat(bench.Api.Violations).Concat(disorder), Is.Empty, $"seed {seed}");
            Assert.That(bench.Api.List().Select(pod => pod.Metadata.Name), Is.Empty, $"seed {seed}");
            Assert.That(bench.Runtime.Containers, Is.Empty, $"seed {seed}");
            Assert.That(bench.Runtime.Sandboxes, Is.Empty, $"seed {seed}");
            Assert.That(bench.Volumes.ListPods(), Is.Empty, $"seed {seed}");
            Assert.That(bench.Warnings.Where(line => line.Contains("defect", StringComparison.Ordinal)), Is.Empty, $"seed {seed}");
        }
    }

    private static async Task StepAsync(PodBench bench, Random random, int step)
    {
        var name = $"p{random.Next(4)}";
        var there = bench.Api.Status(name) is not null;
        switch (random.Next(10))
        {
            case 0 or 1 or 2 when !there:
                bench.Api.Create(name, (random.Next(2) == 0 ? Ordered : Simple).Replace("%", _policies[random.Next(3)]));
                break;
            case 0 when there:
                bench.Api.Delete(name, random.Next(3) * 2);
                break;
            case 3:
                bench.Runtime.Exit(name, random.Next(2) == 0 ? "main-1" : "side-1", random.Next(2));
                break;
            case 4 when random.Next(3) == 0:
                bench.Runtime.LoseSandbox(name);
                break;
            case 5 when random.Next(3) == 0:
                await bench.StopAsync();
                bench.Start();
                break;
            case 6 when there && random.Next(4) == 0:
                _ = bench.Workers.EvictAsync(
                    bench.Api.List().First(pod => pod.Metadata.Name == name).Uid, "Evicted", "for the test", null, CancellationToken.None);
                break;
            case 7:
                bench.Volumes.IsStuck = step % 2 == 0;
                break;
            default:
                // Sometimes time passes while things are being done, sometimes only when all is done.
                if (random.Next(3) > 0)
                {
                    await bench.RestAsync();
                }

                bench.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 8)));
                break;
        }
    }

    private static void Disturb(PodBench bench, Random random)
    {
        var (runtime, api) = (new Random(random.Next()), new Random(random.Next()));
        bench.Runtime.Faults = (_, _) =>
        {
            lock (runtime)
            {
                return runtime.Next(12) switch { 0 => FakeFault.NotDone, 1 => FakeFault.AnswerLost, _ => FakeFault.None };
            }
        };
        bench.Api.Fails = () =>
        {
            lock (api)
            {
                return api.Next(8) == 0;
            }
        };
    }

    /// <summary>Notes what starts or is stopped out of turn.</summary>
    private static List<string> Watch(FakeRuntime runtime)
    {
        List<string> disorder = [];
        runtime.Starting = (one, all) =>
        {
            var mates = all.Where(c => c.SandboxId == one.SandboxId && c.Id != one.Id).ToList();
            foreach (var before in Before(one.Name))
            {
                var isInit = before.StartsWith("init", StringComparison.Ordinal);
                if (!mates.Any(c => c.Name == before && (isInit ? c.Phase == ContainerPhase.Exited && c.ExitCode == 0 : c.StartedAt is not null))
                    && !mates.Any(c => c.Name == one.Name && c.StartedAt is not null))
                {
                    disorder.Add($"{one.Pod.Name}/{one.Name} started before {before}");
                }
            }
        };
        runtime.Stopping = (one, all) =>
        {
            if (one.Phase == ContainerPhase.Running && one.Name.StartsWith("side", StringComparison.Ordinal)
                && all.FirstOrDefault(c => c.Pod == one.Pod && c.Phase == ContainerPhase.Running && EndsBefore(c.Name, one.Name)) is { } late)
            {
                disorder.Add($"{one.Pod.Name}/{one.Name} was stopped before {late.Name}");
            }
        };
        return disorder;
    }

    private static string[] Before(string name) => name switch
    {
        "side-1" => ["init-1"],
        "init-2" => ["init-1", "side-1"],
        "side-2" => ["init-1", "side-1", "init-2"],
        "main-1" or "main-2" => ["init-1", "side-1", "init-2", "side-2"],
        _ => [],
    };

    private static bool EndsBefore(string one, string sidecar) => !one.StartsWith("side", StringComparison.Ordinal)
        || string.CompareOrdinal(one, sidecar) > 0;
}
