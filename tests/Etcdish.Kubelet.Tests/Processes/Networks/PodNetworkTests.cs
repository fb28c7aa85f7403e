using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Processes.Networks;

/// <summary>Pods that are processes, in networks of their own that fake plugins pretend to wire.</summary>
public sealed class PodNetworkTests
{
    private static readonly PortSettings _port = new("TCP", 80, 8080, "127.0.0.1");

    private FakePlugins _plugins = null!;

    [SetUp]
    public void Prepare()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Tools.Missing("network namespaces need root");
        }

        _plugins = new FakePlugins().Configure();
    }

    [TearDown]
    public void CleanUp() => _plugins?.Dispose();

    [Test]
    public async Task Plugins_add_in_order_and_delete_the_other_way_round()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks, ports: [_port]);
        var added = _plugins.TakeCalls();
        var sandbox = await fixture.Runtime.GetSandboxAsync(fixture.Sandbox, default);
        await fixture.Runtime.StopSandboxAsync(fixture.Sandbox, default);
        await fixture.Runtime.StopSandboxAsync(fixture.Sandbox, default);
        var deleted = _plugins.TakeCalls();

        Assert.That(added.Select(call => string.Join(' ', call.Split(' ')[..4])), Is.EqualTo((string[])[
            "ADD loopback lo there", "ADD bridge eth0 there", "ADD portmap eth0 there"]));
        Assert.That(added[1], Does.Contain(
            $"K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID={fixture.Sandbox};K8S_POD_UID=7f1c"));
        Assert.That(FakePlugins.Input(added[1]).ToJsonString(), Is.EqualTo("""{"type":"bridge","cniVersion":"1.0.0","name":"test"}"""));
        var portmap = FakePlugins.Input(added[2]);
        Assert.That((string?)portmap["prevResult"]!["by"], Is.EqualTo("bridge"));
        Assert.That(portmap["capabilities"], Is.Null);
        Assert.That(
            portmap["runtimeConfig"]!.ToJsonString(),
            Is.EqualTo("""{"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":"127.0.0.1"}]}"""));
        Assert.That(sandbox!.Addresses, Is.EqualTo((string[])["10.9.8.7", "fd00::7"]));

        Assert.That(deleted.Select(call => string.Join(' ', call.Split(' ')[..4])), Is.EqualTo((string[])[
            "DEL portmap eth0 there", "DEL bridge eth0 there"]));
        Assert.That((string?)FakePlugins.Input(deleted[1])["prevResult"]!["by"], Is.EqualTo("portmap"));
        Assert.That(File.Exists(NamespaceOf(fixture)), Is.False);
        Assert.That((await fixture.Runtime.GetSandboxAsync(fixture.Sandbox, default))!.Addresses, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Without_ports_nobody_needs_portmap()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        await fixture.Runtime.RemoveSandboxAsync(fixture.Sandbox, default);
        Assert.That(_plugins.TakeSteps(), Is.EqualTo((string[])["ADD loopback", "ADD bridge", "DEL bridge"]));
    }

    [Test]
    public async Task What_a_plugin_cannot_add_is_taken_back_and_told()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        _plugins.TakeCalls();
        _plugins.Break("portmap");
        var failed = (await Assert.ThrowsAsync<RuntimeException>(
            () => fixture.Runtime.RunSandboxAsync(fixture.Settings with { Attempt = 1, Ports = [_port] }, default)))!;

        Assert.That(failed.Message, Does.StartWith("failed to setup network for sandbox ").And.EndsWith(
            "plugin type=\"portmap\" failed (add): no more addresses; try later"));

        // It cannot delete either: so the pod's sandbox is still there, to be stopped until it can.
        Assert.That(_plugins.TakeSteps(), Is.EqualTo((string[])["ADD loopback", "ADD bridge", "ADD portmap", "DEL portmap"]));
        var left = (await fixture.Runtime.ListAsync(default)).Sandboxes.Single(sandbox => sandbox.Attempt == 1);
        Assert.That(left.IsReady, Is.False);
        await Assert.ThrowsAsync<RuntimeException>(() => fixture.Runtime.StopSandboxAsync(left.Id, default));
        _plugins.Mend("portmap");
        await fixture.Runtime.RemoveSandboxAsync(left.Id, default);
        Assert.That(_plugins.TakeSteps(), Is.EqualTo((string[])["DEL portmap", "DEL portmap", "DEL bridge"]));
        Assert.That((await fixture.Runtime.ListAsync(default)).Sandboxes, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_failed_sandbox_that_could_be_taken_back_leaves_nothing()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        _plugins.TakeCalls();
        _plugins.Configure("""{"type":"bridge"},{"type":"absent"}""");
        File.WriteAllText(Path.Combine(_plugins.Plugins, "absent"), "not executable");
        await Assert.ThrowsAsync<RuntimeException>(() => fixture.Runtime.RunSandboxAsync(fixture.Settings with { Attempt = 1 }, default));
        Assert.That(fixture.Warnings, Has.Some.Contains("failed to destroy network"));
        File.Copy(Path.Combine(_plugins.Plugins, "bridge"), Path.Combine(_plugins.Plugins, "absent"), overwrite: true);
        foreach (var left in (await fixture.Runtime.ListAsync(default)).Sandboxes.Where(sandbox => !sandbox.IsReady))
        {
            await fixture.Runtime.RemoveSandboxAsync(left.Id, default);
        }

        _plugins.Configure("""{"type":"bridge"}""");
        await Assert.ThrowsAsync<RuntimeException>(
            () => fixture.Runtime.RunSandboxAsync(fixture.Settings with { Attempt = 2, Ports = [_port] }, default),
            "ports need a plugin");
        Assert.That((await fixture.Runtime.ListAsync(default)).Sandboxes.Select(sandbox => sandbox.Attempt), Is.EqualTo((int[])[0]));
        Assert.That(Directory.GetDirectories(Path.Combine(fixture.Folder, "runtime", "sandboxes")), Has.Length.EqualTo(1));
    }

    [Test]
    public async Task Who_opens_the_folder_later_finds_the_network_and_gives_it_back_by_the_old_configuration()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        var id = await fixture.StartAsync(RuntimeFixture.Shell("exec sleep 1000"));
        var inside = await fixture.ExecAsync(id, "readlink /proc/self/ns/net");
        _plugins.TakeCalls();
        _plugins.Configure("""{"type":"another"}""");
        await fixture.ReopenAsync();

        var sandbox = await fixture.Runtime.GetSandboxAsync(fixture.Sandbox, default);
        Assert.That((sandbox!.IsReady, sandbox.Addresses[0]), Is.EqualTo((true, "10.9.8.7")));
        Assert.That(await fixture.ExecAsync(id, "readlink /proc/self/ns/net"), Is.EqualTo(inside));
        var again = await fixture.RunAsync(RuntimeFixture.Shell("readlink /proc/self/ns/net", "again"));
        Assert.That((again.ExitCode, fixture.Log("again")[0]), Is.EqualTo((0, $"stdout F {inside.Trim()}")));
        await fixture.Runtime.RemoveSandboxAsync(fixture.Sandbox, default);

        // CHECK comes when it may, before or behind what else is done, or not at all.
        Assert.That(_plugins.TakeSteps().Where(step => step != "CHECK bridge"), Is.EqualTo((string[])["DEL bridge"]));
    }

    [Test]
    public async Task A_network_that_is_not_as_it_was_is_told_to_the_operator()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        _plugins.TakeCalls();
        _plugins.Break("bridge", "the link is gone\n");
        await fixture.ReopenAsync();
        Assert.That(await fixture.FirstWarning.WaitAsync(RuntimeFixture.Patience), Is.EqualTo(
            "the network of default/web-0 is not as it was made: plugin type=\"bridge\" failed (check): the link is gone"));
        Assert.That((await fixture.Runtime.ListAsync(default)).Sandboxes.Single().IsReady);
        _plugins.Mend("bridge");
    }

    [Test]
    public async Task A_namespace_that_a_restart_of_the_machine_took_is_given_back_as_far_as_it_can_be()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        _plugins.TakeCalls();
        await fixture.Runtime.DisposeAsync();
        NetworkNamespace.Remove(NamespaceOf(fixture));
        await File.WriteAllTextAsync(NamespaceOf(fixture), "");
        await fixture.ReopenAsync();

        Assert.That((await fixture.Runtime.ListAsync(default)).Sandboxes.Single().IsReady, Is.False);
        await fixture.Runtime.RemoveSandboxAsync(fixture.Sandbox, default);
        Assert.That(_plugins.TakeCalls().Single(), Does.StartWith("DEL bridge eth0 gone "));
    }

    [Test]
    public async Task Without_networks_any_more_a_pod_is_made_anew()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        await fixture.ReopenAsync(networks: null);
        var old = (await fixture.Runtime.ListAsync(default)).Sandboxes.Single();
        await fixture.Runtime.RemoveSandboxAsync(old.Id, default);
        var id = await fixture.Runtime.RunSandboxAsync(fixture.Settings with { Attempt = 1 }, default);

        Assert.That(old.IsReady, Is.False);
        Assert.That((await fixture.Runtime.GetSandboxAsync(id, default))!.Addresses, Is.EqualTo((string[])["192.0.2.7"]));
        Assert.That(_plugins.TakeSteps(), Is.EqualTo((string[])["ADD loopback", "ADD bridge", "DEL bridge"]));
    }

    [Test]
    public async Task Pods_of_the_nodes_network_have_its_address()
    {
        await using var fixture = await RuntimeFixture.CreateAsync(networks: _plugins.Networks);
        _plugins.TakeCalls();
        var id = await fixture.Runtime.RunSandboxAsync(fixture.Settings with { Attempt = 1, HostNetwork = true }, default);
        Assert.That((await fixture.Runtime.GetSandboxAsync(id, default))!.Addresses, Is.EqualTo((string[])["192.0.2.7"]));
        Assert.That(_plugins.TakeCalls(), Is.Empty);
    }

    [Test]
    public async Task There_is_no_network_before_there_is_a_configuration()
    {
        File.Delete(Path.Combine(_plugins.Configurations, "10-test.conflist"));
        var networks = _plugins.Networks;
        Assert.That(networks.NotReady, Is.EqualTo(
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:"
            + $"there is no network configuration in {_plugins.Configurations}"));
        _plugins.Configure();
        await using var fixture = await RuntimeFixture.CreateAsync(networks: networks);
        Assert.That((await fixture.Runtime.GetInfoAsync(default)).NetworkNotReady, Is.Empty);
        Assert.That(fixture.Runtime.SharesHostNetwork, Is.False);
    }

    [Test]
    public void A_machine_without_plugins_says_what_it_lacks()
    {
        File.Delete(Path.Combine(_plugins.Plugins, "host-local"));
        List<string> warnings = [];
        Assert.That(PodNetworks.TryOpen(_plugins.Configurations, _plugins.Plugins, warnings.Add), Is.Null);
        Assert.That(warnings.Single(), Does.Contain("lacks host-local (apt-get install containernetworking-plugins)"));
    }

    private static string NamespaceOf(RuntimeFixture fixture) =>
        Path.Combine(fixture.Folder, "runtime", "sandboxes", fixture.Sandbox, "netns");
}
