using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Probes;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Tests.Containers;
using Etcdish.Kubelet.Tests.Fakes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Probes;

public sealed class HooksTests
{
    private const string Where = "for Container \"c\" in Pod \"web_ns(u1)\" failed - error: ";

    private readonly ManualClock _clock = new();
    private Hooks _hooks = null!;
    private Func<CommandOutput> _answer = () => new CommandOutput(0, [], []);

    [OneTimeSetUp]
    public async Task SetUp()
    {
        var runtime = new FakeRuntime(_clock) { Command = (_, _) => _answer() };
        var sandbox = new SandboxSettings { Pod = new PodIdentity("ns", "web", "u1") };
        var sandboxId = await runtime.RunSandboxAsync(sandbox, CancellationToken.None);
        Id = await runtime.CreateContainerAsync(
            sandboxId, sandbox, new ContainerSettings { Name = "c", ImageReference = "i" }, CancellationToken.None);
        await runtime.StartContainerAsync(Id, CancellationToken.None);
        _hooks = new Hooks(runtime, _clock);
    }

    private string Id { get; set; } = "";

    [OneTimeTearDown]
    public void TearDown() => _hooks.Dispose();

    [Test]
    public void A_command_that_ends_with_0_is_well() =>
        Assert.That(() => RunAsync("{'exec':{'command':['true']}}"), Throws.Nothing);

    [Test]
    public void A_command_that_fails_is_told_with_its_output()
    {
        _answer = () => new CommandOutput(3, "said \"no\"\n"u8.ToArray(), "why"u8.ToArray());
        Assert.That(
            () => RunAsync("{'exec':{'command':['do','it']}}"),
            Throws.TypeOf<HookException>().With.Message.EqualTo(
                "Exec lifecycle hook ([do it]) " + Where + "command 'do it' exited with 3: why, message: \"said \\\"no\\\"\\nwhy\""));
        _answer = () => new CommandOutput(0, [], []);
    }

    [Test]
    public void A_request_that_gets_no_answer_is_told()
    {
        var port = FreePorts.Take();
        Assert.That(
            () => RunAsync($"{{'httpGet':{{'path':'/x','port':{port}}}}}"),
            Throws.TypeOf<HookException>().With.Message.EqualTo(
                $"HTTP lifecycle hook (/x) {Where}Get \"http://127.0.0.1:{port}/x\": dial tcp 127.0.0.1:{port}: connect: connection refused"));
    }

    [Test]
    public async Task A_pause_lasts_as_long_as_it_says()
    {
        var pause = RunAsync("{'sleep':{'seconds':5}}");
        _clock.Advance(TimeSpan.FromSeconds(4));
        Assert.That(pause.IsCompleted, Is.False);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await pause;
    }

    [Test]
    public void A_hook_can_be_given_up()
    {
        using var end = new CancellationTokenSource();
        var pause = RunAsync("{'sleep':{'seconds':5}}", end.Token);
        end.Cancel();
        Assert.That(() => pause, Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("{'tcpSocket':{'port':1}}", null)]
    [TestCase("{}", "Cannot run handler: invalid handler")]
    public void Other_kinds_do_nothing_or_are_none(string hook, string? message) => Assert.That(
        () => RunAsync(hook), message is null ? Throws.Nothing : Throws.TypeOf<HookException>().With.Message.EqualTo(message));

    private Task RunAsync(string hook, CancellationToken cancellation = default)
    {
        var pod = Given.PodOf($"'lifecycle':{{'preStop':{hook}}}");
        ContainerManifest container = pod.Spec.Containers[0];
        return _hooks.RunAsync(pod, container, Id, "127.0.0.1", container.Lifecycle!.PreStop!, cancellation);
    }
}
