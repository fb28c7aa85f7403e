using System.Text.Json.Nodes;
using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Processes.Networks;

/// <summary>
/// A folder of plugins that write down what they are told, and one of configurations. A plugin fails while there is a file of its name with
/// .fails behind; what it writes then is what the file has.
/// </summary>
internal sealed class FakePlugins : IDisposable
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly TemporaryFolder _folder = new();

    public FakePlugins()
    {
        Directory.CreateDirectory(Configurations);
        Directory.CreateDirectory(Plugins);
        foreach (var name in (string[])["loopback", "bridge", "host-local", "portmap"])
        {
            File.WriteAllText(Path.Combine(Plugins, name), Script(name), System.Text.Encoding.ASCII);
            File.SetUnixFileMode(Path.Combine(Plugins, name), Executable);
        }
    }

    public string Configurations => _folder.File("net.d");

    public string Plugins => _folder.File("bin");

    public PodNetworks Networks => PodNetworks.TryOpen(Configurations, Plugins, Assert.Fail)!;

    /// <summary>What plugins were told since the last look: <c>ADD bridge eth0 there {…}</c>.</summary>
    public IReadOnlyList<string> TakeCalls()
    {
        var path = _folder.File("calls");
        string[] calls = File.Exists(path) ? File.ReadAllLines(path) : [];
        File.Delete(path);
        return calls;
    }

    /// <summary>The heads of what they were told: command and plugin.</summary>
    public IReadOnlyList<string> TakeSteps() => [.. TakeCalls().Select(call => string.Join(' ', call.Split(' ')[..2]))];

    /// <summary>What a plugin was told to configure.</summary>
    public static JsonObject Input(string call) => JsonNode.Parse(call[call.IndexOf('{', StringComparison.Ordinal)..])!.AsObject();

    /// <summary>Writes the configuration that etcdish writes, as far as fakes need it.</summary>
    public FakePlugins Configure(string plugins = """{"type":"bridge"},{"type":"portmap","capabilities":{"portMappings":true}}""")
    {
        File.WriteAllText(
            Path.Combine(Configurations, "10-test.conflist"), $$"""{"cniVersion":"1.0.0","name":"test","plugins":[{{plugins}}]}""");
        return this;
    }

    public void Break(string plugin, string says = """{"code":11,"msg":"no more addresses","details":"try later"}""") =>
        File.WriteAllText(_folder.File(plugin + ".fails"), says);

    public void Mend(string plugin) => File.Delete(_folder.File(plugin + ".fails"));

    public void Dispose() => _folder.Dispose();

    private string Script(string name) => $$"""
        #!/bin/sh
        if [ -z "$CNI_NETNS" ]; then place=gone; elif nsenter --net="$CNI_NETNS" true; then place=there; else place=broken; fi
        printf '%s %s %s %s %s %s\n' "$CNI_COMMAND" {{name}} "$CNI_IFNAME" "$place" "$CNI_ARGS" "$(cat)" >> {{_folder.File("calls")}}
        if [ -e {{_folder.File(name)}}.fails ]; then cat {{_folder.File(name)}}.fails; exit 1; fi
        [ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","by":"{{name}}","ips":[{"address":"10.9.8.7/24"},{"address":"fd00::7/64"}]}'
        """;
}
