using System.Net;
using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;
using Etcdish.Kubelet.Volumes;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class ContainerPlannerTests
{
    private TemporaryFolder _folder = null!;
    private FakeObjects _objects = null!;
    private PodFolders _folders = null!;
    private ContainerPlanner _planner = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TemporaryFolder();
        _objects = new FakeObjects();
        _folders = new PodFolders(_folder.File("kubelet"), _folder.File("logs"), _folder.File("links"));
        File.WriteAllText(_folder.File("resolv.conf"), "nameserver 192.0.2.53\n");
        File.WriteAllText(_folder.File("hosts"), "127.0.0.1 node\n");
        _planner = new ContainerPlanner(new ContainerPlannerParts
        {
            Options = new KubeletOptions { ClusterDns = [IPAddress.Parse("10.96.0.10")] },
            Folders = _folders,
            Objects = _objects,
            Node = () => new NodeFacts(),
            Warn = (_, reason, message) => Assert.Fail($"{reason}: {message}"),
            ResolverFile = _folder.File("resolv.conf"),
            HostsFile = _folder.File("hosts"),
        });
    }

    [TearDown]
    public void TearDown()
    {
        MountTable.UnmountBelow(_folder.FullPath);
        _folder.Dispose();
    }

    [Test]
    public async Task A_sandbox_is_known_by_its_pod_and_has_its_logs()
    {
        var made = await PlanAsync("{'containers':[{'name':'c'}]}", "'labels':{'app':'shop'},'annotations':{'k':'v'}");
        Assert.That(made.Labels, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["app"] = "shop",
            ["io.kubernetes.pod.name"] = "web",
            ["io.kubernetes.pod.namespace"] = "ns",
            ["io.kubernetes.pod.uid"] = "u1",
        }));
        Assert.That(made.Annotations, Is.EquivalentTo(new Dictionary<string, string> { ["k"] = "v" }));
        Assert.That((made.Hostname, made.Attempt, made.LogDirectory), Is.EqualTo(("web", 3, _folder.File("logs/ns_web_u1"))));
        Assert.That(Directory.Exists(made.LogDirectory));
        Assert.That(made.Resolver!.Servers, Is.EqualTo(new[] { "10.96.0.10" }));
    }

    [TestCase("{'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':8080,'hostIP':'127.0.0.1'},{'containerPort':81}]}]}",
        "TCP 127.0.0.1:8080 80")]
    [TestCase("{'initContainers':[{'name':'i','ports':[{'containerPort':1,'hostPort':1}]},"
        + "{'name':'s','restartPolicy':'Always','ports':[{'containerPort':2,'hostPort':2,'protocol':'UDP'}]}],'containers':[{'name':'c'}]}",
        "UDP :2 2")]
    [TestCase("{'hostNetwork':true,'containers':[{'name':'c','ports':[{'containerPort':80,'hostPort':80}]}]}", "")]
    public async Task Ports_of_the_node_lead_to_containers_that_stay(string spec, string expected)
    {
        var ports = (await PlanAsync(spec)).Ports.Select(
            port => $"{port.Protocol} {port.HostAddress}:{port.HostPort} {port.ContainerPort}");
        Assert.That(string.Join(',', ports), Is.EqualTo(expected));
    }

    [Test]
    public async Task In_the_nodes_network_a_pod_has_no_name_of_its_own()
    {
        var made = await PlanAsync("{'hostNetwork':true,'containers':[{'name':'c','securityContext':{'privileged':true}}]}");
        Assert.That((made.Hostname, made.HostNetwork, made.Privileged), Is.EqualTo(("", true, true)));
    }

    [Test]
    public async Task A_runtime_class_names_its_handler()
    {
        _objects.Add("/apis/node.k8s.io/v1/runtimeclasses/safe", "{'handler':'runsc'}");
        Assert.That((await PlanAsync("{'runtimeClassName':'safe'}")).RuntimeHandler, Is.EqualTo("runsc"));
    }

    [TestCase("gone")]
    [TestCase("../../../api/v1/secrets")]
    public void A_runtime_class_that_is_not_there_is_told(string name) => Assert.That(
        async () => await PlanAsync($"{{'runtimeClassName':'{name}'}}"),
        Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo(
            $"failed to get sandbox runtime: RuntimeClass \"{name}\" not found").And.Property("Reason").EqualTo("FailedCreatePodSandBox"));

    [Test]
    public async Task Commands_and_arguments_see_the_environment()
    {
        var made = await PlanContainerAsync(
            "'command':['run','$(A)','$(B)'],'args':['$$(A)','x$(A)y'],'workingDir':'/w','env':[{'name':'A','value':'1'}],'tty':true");
        Assert.That(made.Command, Is.EqualTo(new[] { "run", "1", "$(B)" }));
        Assert.That(made.Arguments, Is.EqualTo(new[] { "$(A)", "x1y" }));
        Assert.That((made.WorkingDirectory, made.Tty, made.LogPath), Is.EqualTo(("/w", true, "c/2.log")));
        Assert.That(Directory.Exists(_folder.File("logs/ns_web_u1/c")));
    }

    [Test]
    public async Task A_container_is_known_by_labels_and_how_it_was_made_by_annotations()
    {
        var made = await PlanContainerAsync(
            "'terminationMessagePath':'/t','lifecycle':{'preStop':{'sleep':{'seconds':3}},'stopSignal':'SIGUSR1'}");
        Assert.That(made.Labels["io.kubernetes.container.name"], Is.EqualTo("c"));
        Assert.That(made.Annotations["io.kubernetes.container.restartCount"], Is.EqualTo("2"));
        Assert.That(made.Annotations["io.kubernetes.container.terminationMessagePath"], Is.EqualTo("/t"));
        Assert.That(made.Annotations["io.kubernetes.container.terminationMessagePolicy"], Is.EqualTo("File"));
        Assert.That(made.Annotations["io.kubernetes.container.preStopHandler"], Does.Contain("\"seconds\":3"));
        Assert.That(made.StopSignal, Is.EqualTo("SIGUSR1"));
    }

    [Test]
    public void The_hash_tells_images_apart_and_nothing_that_may_change_meanwhile()
    {
        string Hash(string fields) => ContainerLabels.HashOf(Given.PodOf(fields).Spec.Containers[0]);
        Assert.That(Hash("'image':'i2'"), Is.Not.EqualTo(Hash("")));
        Assert.That(Hash("'resources':{'limits':{'cpu':'1'}}"), Is.EqualTo(Hash("")));
    }

    [Test]
    public async Task Mounts_that_lie_in_others_come_later()
    {
        var made = await PlanContainerAsync(
            "'volumeMounts':[{'name':'v','mountPath':'/a/b/c'},{'name':'v','mountPath':'/a/','readOnly':true},"
            + "{'name':'w','mountPath':'/a/b'}]");
        Assert.That(
            made.Mounts.Select(mount => mount.ContainerPath),
            Is.EqualTo(new[] { "/a/", "/a/b", "/etc/hosts", "/dev/termination-log", "/a/b/c" }));
        Assert.That(made.Mounts[0].ReadOnly, Is.True);
        Assert.That(made.Mounts[1].ReadOnly, Is.True, "the volume itself is read-only");
        Assert.That(made.Mounts[4].ReadOnly, Is.False);
    }

    [Test]
    public async Task Who_brings_a_hosts_file_keeps_it()
    {
        var made = await PlanContainerAsync("'volumeMounts':[{'name':'v','mountPath':'/etc/hosts','subPath':'mine'}]");
        Assert.That(made.Mounts.Count(mount => mount.ContainerPath == "/etc/hosts"), Is.EqualTo(1));
        Assert.That(File.Exists(_folders.Hosts("u1")), Is.False);
    }

    [Test]
    public async Task A_sub_path_may_name_the_pod()
    {
        var made = await PlanContainerAsync(
            "'env':[{'name':'POD','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}],"
            + "'volumeMounts':[{'name':'v','mountPath':'/a','subPathExpr':'logs/$(POD)'}]");
        File.WriteAllText(Path.Combine(made.Mounts[0].HostPath, "x"), "");
        Assert.That(File.Exists(_folder.File("volume/logs/web/x")));
    }

    [TestCase("{'name':'v','mountPath':'/a','subPathExpr':'$(NOPE)'}", "missing value for \"NOPE\"")]
    [TestCase("{'name':'v','mountPath':'/a','subPathExpr':'$(UP)/x'}", "unable to provision SubPath `../x`: must not contain '..'")]
    [TestCase("{'name':'x','mountPath':'/a'}", "cannot find volume \"x\" to mount into container \"c\"")]
    [TestCase("{'name':'v','mountPath':'/a','mountPropagation':'Odd'}", "invalid MountPropagation mode: \"Odd\"")]
    [TestCase(
        "{'name':'v','mountPath':'/a','recursiveReadOnly':'Enabled'}",
        "failed to resolve recursive read-only mode: volume \"v\" requested recursive read-only mode, but it is not read-only")]
    public void Mounts_that_cannot_be_are_told(string mount, string message) => Assert.That(
        async () => await PlanContainerAsync($"'env':[{{'name':'UP','value':'..'}}],'volumeMounts':[{mount}]"),
        Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo(message));

    [Test]
    public async Task A_last_word_is_read_back_as_the_containers_message()
    {
        var made = await PlanContainerAsync("");
        var file = made.Mounts.Single(mount => mount.ContainerPath == "/dev/termination-log").HostPath;
        Assert.That(File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherWrite));
        File.WriteAllText(file, new string('x', 5000));
        var ended = new ContainerState
        {
            Id = "1",
            SandboxId = "2",
            Pod = new PodIdentity("ns", "web", "u1"),
            Name = "c",
            Attempt = 2,
            Phase = ContainerPhase.Exited,
        };
        var message = TerminationMessage.Complete(_folders, Given.PodOf(""), ended).Message;
        Assert.That(message, Is.EqualTo(new string('x', 4096)));
    }

    [Test]
    public async Task A_container_that_runs_is_not_taken_for_a_changed_one()
    {
        var made = await PlanContainerAsync("");
        Assert.That(made.Annotations[ContainerLabels.HashAnnotation], Is.EqualTo(ContainerLabels.HashOf(Given.PodOf("").Spec.Containers[0])));
    }

    [Test]
    public async Task Block_devices_have_their_paths()
    {
        var made = await PlanContainerAsync("'volumeDevices':[{'name':'w','devicePath':'/dev/x'}]");
        Assert.That(made.Devices, Is.EqualTo(new[] { new MountSettings(_folder.File("other"), "/dev/x", true) }));
    }

    private Task<SandboxSettings> PlanAsync(string spec, string metadata = "") =>
        _planner.PlanSandboxAsync(Given.Pod(spec, metadata), 3, CancellationToken.None);

    private Task<ContainerSettings> PlanContainerAsync(string fields)
    {
        Directory.CreateDirectory(_folder.File("volume"));
        Directory.CreateDirectory(_folder.File("other"));
        PodManifest pod = Given.PodOf(fields);
        return _planner.PlanContainerAsync(
            Given.Plan(pod, null, "10.1.0.4") with
            {
                Attempt = 2,
                Volumes = new Dictionary<string, VolumePlace>
                {
                    ["v"] = new(_folder.File("volume"), ReadOnly: false),
                    ["w"] = new(_folder.File("other"), ReadOnly: true),
                },
            },
            CancellationToken.None);
    }
}
