using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Processes;

public sealed class PrivateRootTests
{
    [Test]
    public async Task Volumes_are_where_the_pod_says_and_nowhere_on_the_node()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var (data, file) = (Volume(fixture, "data"), Path.Combine(fixture.Folder, "message"));
        await File.WriteAllTextAsync(file, "");
        await File.WriteAllTextAsync(Path.Combine(data, "key"), "value\n");
        string[] places = ["/etcdish-data", "/var/run/secrets/etcdish/account", "/dev/etcdish-log", "/etc/hosts", "/tmp/below", "/usr/share/etcdish/x"];
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000") with
        {
            Mounts = [
                new(data, places[0], ReadOnly: false), new(data, places[1], ReadOnly: true), new(file, places[2], ReadOnly: false),
                new(file, places[3], ReadOnly: false), new(data, places[4], ReadOnly: true), new(data, places[5], ReadOnly: true),
            ],
        });

        Assert.That(await fixture.ExecAsync(id, $"cat {places[0]}/key {places[1]}/key {places[4]}/key {places[5]}/key"),
            Is.EqualTo("value\nvalue\nvalue\nvalue\n"));
        Assert.That(await fixture.ExecAsync(id, $"echo end > {places[2]}; cat /etc/hosts; ls /dev/null /etc/passwd /usr/bin/env"),
            Is.EqualTo("end\n/dev/null\n/etc/passwd\n/usr/bin/env\n"));
        Assert.That(await fixture.ExecAsync(id, $"echo x > {places[1]}/key"), Does.Contain("Read-only file system"));
        await fixture.ExecAsync(id, $"echo new > {places[0]}/made");
        Assert.That(await File.ReadAllTextAsync(Path.Combine(data, "made")), Is.EqualTo("new\n"));
        Assert.That(places.Where(place => place != "/etc/hosts" && Path.Exists(place)), Is.Empty);
    }

    [Test]
    public async Task Root_and_temporary_files_are_the_containers_own()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var one = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000", "one"));
        var two = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000", "two"));
        await fixture.ExecAsync(one, "touch /tmp/healthy; mkdir -p /opt-of-mine; echo mine > here");

        Assert.That(await fixture.ExecAsync(one, "pwd; cat /here; ls /tmp"), Is.EqualTo("/\nmine\nhealthy\n"));
        Assert.That(await fixture.ExecAsync(two, "ls /tmp; test ! -e /here -a ! -e /opt-of-mine && echo none"), Is.EqualTo("none\n"));
    }

    [Test]
    public async Task A_container_runs_as_the_user_it_says_in_the_directory_it_says()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(hostname: "web-0");
        await fixture.RunAsync(RuntimeFixture.Shell(
            "id -u; id -g; id -G; pwd; hostname; echo $HOSTNAME; grep -E '^(NoNewPrivs|CapBnd)' /proc/self/status; echo out >> /dev/stdout; touch file") with
        {
            User = new UserSettings { Uid = 1234, Gid = 2345, SupplementalGroups = [3000] },
            WorkingDirectory = "/work-of/mine",
            NoNewPrivileges = true,
            Security = new ContainerSecurityManifest { Capabilities = new CapabilitiesManifest { Drop = ["ALL"], Add = ["NET_BIND_SERVICE"] } },
        });

        Assert.That(fixture.Log(), Is.EqualTo((string[])[
            "stdout F 1234", "stdout F 2345", "stdout F 2345 3000", "stdout F /work-of/mine", "stdout F web-0", "stdout F web-0",
            "stdout F CapBnd:\t0000000000000400", "stdout F NoNewPrivs:\t1", "stdout F out"]));
    }

    [Test]
    public async Task A_read_only_root_leaves_volumes_writable()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000") with
        {
            Security = new ContainerSecurityManifest { ReadOnlyRootFilesystem = true },
            Mounts = [new(Volume(fixture, "data"), "/etcdish-data", ReadOnly: false), new(Volume(fixture, "run"), "/run/etcdish", ReadOnly: false)],
        });

        Assert.That(await fixture.ExecAsync(id, "echo x > /x"), Does.Contain("Read-only file system"));
        Assert.That(await fixture.ExecAsync(id, "echo x > /usr/x"), Does.Contain("Read-only file system"));
        Assert.That(await fixture.ExecAsync(id, "echo x > /etcdish-data/x && echo y > /run/etcdish/x && echo n > /dev/null && echo well"),
            Is.EqualTo("well\n"));
    }

    [Test]
    public async Task A_volume_that_the_node_unmounts_is_unmounted_in_containers_too()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var source = Volume(fixture, "other");
        await Run("mount", "-t", "tmpfs", "tmpfs", source);
        var id = await fixture.StartAsync(RuntimeFixture.Shell("sleep 1000"));
        var before = await fixture.ExecAsync(id, $"grep -c {source} /proc/self/mountinfo");
        await Run("umount", source);

        // /tmp is the container's own, so it is only the namespace that sees the mount.
        Assert.That(before, Is.EqualTo("0\n"));
        Assert.That(await File.ReadAllTextAsync($"/proc/{First(fixture, id)}/mountinfo"), Does.Not.Contain(source));
    }

    [Test]
    public async Task Too_much_memory_ends_a_container_with_the_reason()
    {
        await using var fixture = await RuntimeFixture.CreateAsync();
        var ended = await fixture.RunAsync(RuntimeFixture.Shell("x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo ${#x}") with
        {
            Command = ["/bin/sh", "-c", "exec tail /dev/zero"],
            Resources = new ResourceSettings { MemoryLimitBytes = 32 << 20 },
        });

        Assert.That((ended.ExitCode, ended.Reason), Is.EqualTo((137, "OOMKilled")));
    }

    private static string Volume(RuntimeFixture fixture, string name) =>
        Directory.CreateDirectory(Path.Combine(fixture.Folder, "volumes", name)).FullName;

    private static int First(RuntimeFixture fixture, string id) => int.Parse(
        File.ReadAllText(Path.Combine(fixture.Folder, "runtime", "containers", id, "process")).Split(' ')[0],
        System.Globalization.CultureInfo.InvariantCulture);

    private static async Task Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.That(process.ExitCode, Is.Zero);
    }
}
