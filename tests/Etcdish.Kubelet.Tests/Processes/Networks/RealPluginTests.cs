using System.Net;
using System.Net.Sockets;
using System.Text;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;
using Etcdish.Testing.Containerd;

namespace Etcdish.Kubelet.Tests.Processes.Networks;

/// <summary>Pods that are processes, on a bridge that the genuine plugins make in a namespace that stands for the node.</summary>
public sealed class RealPluginTests
{
    private const string Subnet = "10.253.7";

    [Test]
    public async Task Pods_with_one_port_meet_on_a_bridge_and_leave_nothing()
    {
        Tools.Require("busybox", ContainerdServer.InstallLine);
        if (!File.Exists(Path.Combine(ContainerdServer.PluginPath, "bridge")))
        {
            Tools.Missing($"there are no CNI plugins; install them with: {ContainerdServer.InstallLine}");
        }

        using var node = NamespaceNetwork.Create(1);
        using var folder = new TemporaryFolder();
        await using (var fixture = await RuntimeFixture.CreateAsync(networks: Configure(folder, node)))
        {
            var first = await fixture.StartAsync(Server("first"));
            var other = await fixture.Runtime.RunSandboxAsync(fixture.Settings with { Pod = new PodIdentity("default", "b", "b") }, default);
            var second = await fixture.Runtime.CreateContainerAsync(other, fixture.Settings, Server("second"), default);
            await fixture.Runtime.StartContainerAsync(second, default);
            var addresses = (await fixture.Runtime.ListAsync(default)).Sandboxes.Select(sandbox => sandbox.Addresses.Single()).ToList();

            Assert.That(addresses, Is.Unique.And.All.StartsWith(Subnet));
            Assert.That(await fixture.ExecAsync(first, Get(await AddressAsync(fixture, other))), Is.EqualTo("second\n"));
            Assert.That(await fixture.ExecAsync(second, Get(await AddressAsync(fixture, fixture.Sandbox))), Is.EqualTo("first\n"));
            Assert.That(await fixture.ExecAsync(first, Get("127.0.0.1")), Is.EqualTo("first\n"));
            Assert.That(await ForwardAsync(fixture, other), Does.EndWith("second\n"));
            await fixture.ReopenAsync();
            Assert.That(await fixture.ExecAsync(first, Get(await AddressAsync(fixture, other))), Is.EqualTo("second\n"));
            Assert.That(Directory.GetFiles(folder.File("addresses/test"), Subnet + ".*"), Has.Length.EqualTo(2));
        }

        Assert.That(Directory.GetFiles(folder.File("addresses/test"), Subnet + ".*"), Is.Empty, "addresses are still held");
        Assert.That(Run(node, "ip", "-o", "link", "show", "type", "veth", "master", "pods0"), Is.Empty, "links are left");
    }

    private static PodNetworks Configure(TemporaryFolder folder, NamespaceNetwork node)
    {
        Directory.CreateDirectory(folder.File("bin"));
        Directory.CreateDirectory(folder.File("net.d"));

        // What plugins do to the node they do to the namespace.
        foreach (var plugin in (string[])["bridge", "host-local", "loopback"])
        {
            var path = folder.File("bin/" + plugin);
            File.WriteAllText(path, $"#!/bin/sh\nexec {string.Join(' ', node.NetworkLauncherOf(0))} {ContainerdServer.PluginPath}/{plugin}\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        File.WriteAllText(folder.File("net.d/10-test.conflist"), $$$"""
            {"cniVersion":"1.0.0","name":"test","plugins":[{"type":"bridge","bridge":"pods0","isGateway":true,"ipam":{
              "type":"host-local","dataDir":"{{{folder.File("addresses")}}}","ranges":[[{"subnet":"{{{Subnet}}}.0/24"}]]}}]}
            """);
        return PodNetworks.TryOpen(folder.File("net.d"), folder.File("bin"), Assert.Fail)!;
    }

    private static ContainerSettings Server(string name) =>
        RuntimeFixture.Shell($"mkdir /www; echo {name} > /www/index.html; exec busybox httpd -f -p 8080 -h /www", name);

    /// <summary>Asks until somebody listens.</summary>
    private static string Get(string address) => $"until busybox wget -qO- http://{address}:8080/ 2>/dev/null; do sleep 0.05; done";

    private static async Task<string> AddressAsync(RuntimeFixture fixture, string sandbox) =>
        (await fixture.Runtime.GetSandboxAsync(sandbox, default))!.Addresses.Single();

    /// <summary>What a forwarded port is: a connection that begins where the pod is.</summary>
    private static async Task<string> ForwardAsync(RuntimeFixture fixture, string sandbox)
    {
        var path = Path.Combine(fixture.Folder, "runtime", "sandboxes", sandbox, "netns");
        using var socket = await NetworkNamespace.OpenSocketAsync(path, AddressFamily.InterNetwork);
        await socket.ConnectAsync(IPAddress.Loopback, 8080);
        await socket.SendAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync();
    }

    private static string Run(NamespaceNetwork node, params string[] command)
    {
        string[] words = [.. node.NetworkLauncherOf(0), .. command];
        using var process = ChildProcess.Start(words[0], words[1..]);
        Assert.That(process.WaitForExit(RuntimeFixture.Patience), Is.Zero, process.Describe);
        return process.StandardOutput.Text;
    }
}
