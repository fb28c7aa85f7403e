using Etcdish.Kubelet.Runtime;
using Etcdish.Testing.Containerd;
using static Etcdish.Kubelet.Tests.Containerd.ContainerdBench;

namespace Etcdish.Kubelet.Tests.Containerd;

/// <summary>Images in the genuine containerd, and pulled from a genuine registry.</summary>
public sealed class CriImagesTests
{
    private static readonly RegistryLogin _login = new() { Username = ImageRegistry.Username, Password = ImageRegistry.Password };

    private static ImageRegistry _registry = null!;

    [OneTimeSetUp]
    public static void Start() => _registry = new ImageRegistry();

    [OneTimeTearDown]
    public static void Stop() => _registry.Dispose();

    [Test]
    public async Task What_was_imported_is_found_by_all_its_names()
    {
        var byName = await Daemon.Images.FindAsync("busybox:1", Cancellation);

        Assert.That(byName, Is.Not.Null);
        Assert.That(byName!.Tags, Has.Member(ContainerdServer.Busybox));
        Assert.That(byName.SizeBytes, Is.GreaterThan(1 << 20));
        Assert.That(await Daemon.Images.FindAsync(byName.Id, Cancellation), Is.Not.Null);
        Assert.That((await Daemon.Images.ListAsync(Cancellation)).Select(image => image.Id), Has.Member(byName.Id));
        Assert.That(await Daemon.Images.FindAsync("busybox:2", Cancellation), Is.Null);
    }

    [Test]
    public async Task What_sandboxes_run_must_stay()
    {
        var images = await Daemon.Images.ListAsync(Cancellation);

        Assert.That(images.Single(image => image.Tags.Contains("docker.io/library/pause:1")).IsPinned, Is.True);
        Assert.That(images.Single(image => image.Tags.Contains(ContainerdServer.Busybox)).IsPinned, Is.False);
    }

    [Test]
    public async Task Who_an_image_runs_as_is_told()
    {
        await ContainerdBench.Genuine.ImportAsync(ContainerImage.Busybox(user: "1000", marker: "by number"), "docker.io/library/user:number");
        await ContainerdBench.Genuine.ImportAsync(ContainerImage.Busybox(user: "nobody", marker: "by name"), "docker.io/library/user:name");

        var byNumber = await Daemon.Images.FindAsync("user:number", Cancellation);
        var byName = await Daemon.Images.FindAsync("user:name", Cancellation);

        Assert.That((byNumber!.Uid, byNumber.Username), Is.EqualTo(((long?)1000, "")));
        Assert.That((byName!.Uid, byName.Username), Is.EqualTo(((long?)null, "nobody")));
    }

    [Test]
    public async Task Pulled_run_and_removed()
    {
        var image = await _registry.PushAsync(ContainerImage.Busybox(marker: "pulled"), "tools/busybox", "1");

        var reference = await Daemon.Images.PullAsync(image, _login, Cancellation);

        var found = await Daemon.Images.FindAsync(image, Cancellation);
        Assert.That(found!.Id, Is.EqualTo(reference));
        Assert.That(found.Digests.Single(), Does.Match($"^{_registry.Host}/tools/busybox@sha256:"));
        await using (var pod = await RunAsync(Sandbox(), sandbox => Container(sandbox, "sleep 1000") with { ImageReference = reference }))
        {
            Assert.That(await pod.OutputAsync("cat", "/marker"), Is.EqualTo("pulled"));
            Assert.That((await pod.StateAsync()).ImageReference, Is.EqualTo(found.Digests.Single()));
        }

        await Daemon.Images.RemoveAsync(reference, Cancellation);
        await Daemon.Images.RemoveAsync(reference, Cancellation);
        Assert.That(await Daemon.Images.FindAsync(image, Cancellation), Is.Null);
    }

    [Test]
    public async Task Without_the_right_password_the_registry_says_so()
    {
        var image = await _registry.PushAsync(ContainerImage.Busybox(marker: "secret"), "secret", "1");

        Assert.That(
            async () => await Daemon.Images.PullAsync(image, null, Cancellation),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("401 Unauthorized"));
        Assert.That(
            async () => await Daemon.Images.PullAsync(image, _login with { Password = "wrong" }, Cancellation),
            Throws.TypeOf<RuntimeException>().With.Message.Contains("401 Unauthorized"));
    }

    [Test]
    public void What_is_not_there() => Assert.That(
        async () => await Daemon.Images.PullAsync($"{_registry.Host}/none:1", _login, Cancellation),
        Throws.TypeOf<RuntimeException>().With.Message.Contains("not found").And.Property(nameof(RuntimeException.IsAbsent)).True);

    [Test]
    public async Task Where_images_lie()
    {
        var places = await Daemon.Images.GetFileSystemsAsync(Cancellation);

        Assert.That(Directory.Exists(places.Single().MountPoint), Is.True);
    }
}
