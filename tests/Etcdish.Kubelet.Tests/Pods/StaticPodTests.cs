using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Tests.Fakes;

namespace Etcdish.Kubelet.Tests.Pods;

/// <summary>Pods from files, and their mirrors.</summary>
public sealed class StaticPodTests
{
    private const string File = "kind: Pod\nmetadata:\n  name: fixed\nspec:\n  containers:\n  - name: web\n    image: ";

    [Test]
    public async Task A_file_is_a_pod_with_a_mirror_that_comes_back()
    {
        await using var bench = Make();
        Write(bench, File + "one");
        bench.Start();
        await bench.RestAsync();
        var first = bench.Api.List().Single();
        bench.Api.Delete(first.Metadata.Name);
        await bench.RestAsync();
        var second = bench.Api.List().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Metadata.Name, Is.EqualTo("fixed-here"));
            Assert.That(first.Metadata.Annotations[StaticPods.MirrorAnnotation], Is.EqualTo(bench.Workers.List().Single().Uid));
            Assert.That(second.Uid, Is.Not.EqualTo(first.Uid));
            Assert.That(bench.Show("fixed-here"), Is.EqualTo("Running ready [web=runs/0]"));
            Assert.That(bench.Workers.Find("default", "fixed-here")!.Uid, Is.EqualTo(first.Metadata.Annotations[StaticPods.MirrorAnnotation]));
            Assert.That(bench.Runtime.Calls.Count(call => call.StartsWith("start", StringComparison.Ordinal)), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_file_that_changes_is_another_pod_and_one_that_goes_takes_all_with_it()
    {
        await using var bench = Make();
        Write(bench, File + "one");
        bench.Start();
        await bench.RestAsync();
        Write(bench, File + "two");
        await bench.PassUntilAsync(() => bench.Runtime.Running.Count == 1 && bench.Runtime.Containers.All(c => c.Image == "two"), "two");
        await bench.PassUntilAsync(() => bench.Show("fixed-here") == "Running ready [web=runs/0]", "a mirror of two");
        var (running, mirror) = (bench.Runtime.Containers.Single(), bench.Api.List().Single());
        await bench.StopAsync();
        bench.Start();
        await bench.RestAsync();
        var after = bench.Runtime.Containers.Single();
        System.IO.File.Delete(Path.Combine(bench.Place("manifests"), "pod.yaml"));
        await bench.PassUntilAsync(() => bench.Runtime.Sandboxes.Count + bench.Api.List().Count == 0, "the end");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(running.Image, Is.EqualTo("two"));
            Assert.That(mirror.Metadata.Annotations[StaticPods.MirrorAnnotation], Is.EqualTo(running.Pod.Uid));
            Assert.That(after.Id, Is.EqualTo(running.Id), "a kubelet that starts takes it over");
            Assert.That(bench.Runtime.Containers, Is.Empty);
            Assert.That(bench.Api.List(), Is.Empty);
            Assert.That(bench.Runtime.Violations, Is.Empty);
        }
    }

    [TestCase("kind: Node")]
    [TestCase("kind: Pod\nmetadata: {name: a}\nspec: {}")]
    [TestCase("{")]
    public async Task What_is_no_pod_is_told_once(string text)
    {
        await using var bench = Make();
        Write(bench, text);
        bench.Start();
        await bench.PassAsync(25);
        Assert.That(bench.Workers.List(), Is.Empty);
        Assert.That(bench.Warnings, Has.Count.EqualTo(1));
    }

    private static PodBench Make()
    {
        PodBench bench = null!;
        bench = new PodBench(parts => parts with { ManifestFolder = bench.Place("manifests") });
        Directory.CreateDirectory(bench.Place("manifests"));
        return bench;
    }

    private static void Write(PodBench bench, string text) =>
        System.IO.File.WriteAllText(Path.Combine(bench.Place("manifests"), "pod.yaml"), text);
}
