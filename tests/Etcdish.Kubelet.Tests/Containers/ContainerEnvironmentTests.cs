using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Kinds;
using Etcdish.Kubernetes;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class ContainerEnvironmentTests
{
    private const string Ports = "'ports':[{'name':'http','port':80,'protocol':'TCP'},{'name':'dns-udp','port':53,'protocol':'UDP'}]";

    private readonly List<string> _warnings = [];
    private readonly FakeObjects _objects = new FakeObjects()
        .Add("configmaps/settings", "{'data':{'color':'red','size':'$(color)'}}")
        .Add("secrets/login", "{'data':{'user':'YWRh','password':'w7w='}}")
        .Add("configmaps/odd", "{'data':{'fine':'1','a=b':'2','with space':'3'}}")
        .Add("configmaps/none", "{}")
        .AddService("default", "kubernetes", "{'clusterIP':'10.0.0.1','ports':[{'name':'https','port':443}]}")
        .AddService("ns", "my-db", $"{{'clusterIP':'10.0.0.7',{Ports}}}")
        .AddService("ns", "headless", $"{{'clusterIP':'None',{Ports}}}");

    private readonly NodeFacts _node = new()
    {
        Addresses = ["192.0.2.1", "2001:db8::1"],
        Allocatable = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("2"), ["memory"] = Quantity.Parse("4Gi") },
    };

    [TestCase("'env':[{'name':'A','value':'1'},{'name':'B','value':'$(A)$(C)'},{'name':'C','value':'3'}]", "A=1 B=1$(C) C=3")]
    [TestCase("'env':[{'name':'A','value':'1'},{'name':'A','value':'$(A)2'}]", "A=12")]
    [TestCase("'env':[{'name':'A','value':'$(A)'}]", "A=$(A)")]
    [TestCase("'env':[{'name':'A','value':'$$(A)'},{'name':'E'}]", "A=$(A) E=")]
    [TestCase("'env':[{'name':'U','value':'tcp://$(KUBERNETES_SERVICE_HOST)'}]", "U=tcp://10.0.0.1")]
    [TestCase("'envFrom':[{'configMapRef':{'name':'settings'}}]", "color=red size=$(color)")]
    [TestCase("'envFrom':[{'prefix':'S_','secretRef':{'name':'login'}}]", "S_password=ü S_user=ada")]
    [TestCase("'envFrom':[{'configMapRef':{'name':'none'}}]", "")]
    [TestCase("'envFrom':[{'configMapRef':{'name':'nope','optional':true}},{'secretRef':{'name':'nope','optional':true}}]", "")]
    [TestCase(
        "'envFrom':[{'configMapRef':{'name':'settings'}}],'env':[{'name':'color','value':'$(color)dish'}]",
        "color=reddish size=$(color)")]
    [TestCase("'env':[{'name':'K','valueFrom':{'configMapKeyRef':{'name':'settings','key':'color'}}}]", "K=red")]
    [TestCase("'env':[{'name':'K','valueFrom':{'secretKeyRef':{'name':'login','key':'user'}}}]", "K=ada")]
    [TestCase("'env':[{'name':'K','valueFrom':{'secretKeyRef':{'name':'login','key':'x','optional':true}}}]", "")]
    [TestCase("'env':[{'name':'K','valueFrom':{'secretKeyRef':{'name':'x','key':'x','optional':true}}}]", "")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'metadata.name'}}}]", "K=web")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'metadata.uid'}}}]", "K=u1")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':\"metadata.labels['app']\"}}}]", "K=shop")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':\"metadata.labels['x']\"}}}]", "K=")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':\"metadata.annotations['a/b']\"}}}]", "K=note")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'status.podIP'}}}]", "K=10.1.0.4")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'status.podIPs'}}}]", "K=10.1.0.4,fd00::4")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'status.hostIP'}}}]", "K=192.0.2.1")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'status.hostIPs'}}}]", "K=192.0.2.1,2001:db8::1")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'limits.cpu'}}}]", "K=2")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'limits.cpu','divisor':'1m'}}}]", "K=2000")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'requests.cpu'}}}]", "K=1")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'requests.memory','divisor':'1Mi'}}}]", "K=101")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'limits.memory'}}}]", "K=4294967296")]
    [TestCase("'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'requests.ephemeral-storage'}}}]", "K=0")]
    public async Task Variables_have_the_values_that_are_documented(string fields, string expected) =>
        Assert.That(await MakeAsync(fields, withLinks: false), Is.EqualTo(expected));

    [Test]
    public async Task A_container_waits_until_services_are_known()
    {
        var synced = new TaskCompletionSource();
        _objects.ServicesSynced = synced.Task;
        var making = MakeAsync("'env':[{'name':'U','value':'$(KUBERNETES_SERVICE_HOST)'}]", withLinks: false);
        Assert.That(making.IsCompleted, Is.False);
        synced.SetResult();
        Assert.That(await making, Is.EqualTo("U=10.0.0.1"));
    }

    [TestCase("'env':[{'name':'K','valueFrom':{'configMapKeyRef':{'name':'nope','key':'k'}}}]", "configmap \"nope\" not found")]
    [TestCase("'env':[{'name':'K','valueFrom':{'secretKeyRef':{'name':'nope','key':'k'}}}]", "secret \"nope\" not found")]
    [TestCase("'env':[{'name':'K','valueFrom':{'secretKeyRef':{'name':'login','key':'k'}}}]", "couldn't find key k in Secret ns/login")]
    [TestCase(
        "'env':[{'name':'K','valueFrom':{'configMapKeyRef':{'name':'settings','key':'k'}}}]",
        "couldn't find key k in ConfigMap ns/settings")]
    [TestCase("'envFrom':[{'secretRef':{'name':'nope'}}]", "secret \"nope\" not found")]
    [TestCase("'env':[{'name':'K','valueFrom':{'fieldRef':{'fieldPath':'spec.hostname'}}}]", "unsupported fieldPath: spec.hostname")]
    [TestCase(
        "'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'resource':'limits.pods'}}}]",
        "unsupported container resource : limits.pods")]
    [TestCase(
        "'env':[{'name':'K','valueFrom':{'resourceFieldRef':{'containerName':'x','resource':'limits.cpu'}}}]", "container x not found")]
    public void What_is_not_there_is_told(string fields, string message) => Assert.That(
        async () => await MakeAsync(fields, withLinks: false),
        Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo(message));

    [Test]
    public async Task Names_that_no_environment_can_have_are_left_out_and_told()
    {
        Assert.That(await MakeAsync("'envFrom':[{'configMapRef':{'name':'odd'}}]", withLinks: false), Is.EqualTo("fine=1 with space=3"));
        Assert.That(_warnings, Is.EqualTo(new[]
        {
            "InvalidEnvironmentVariableNames: Keys [a=b] from the EnvFrom configMap ns/odd were skipped "
            + "since they are considered invalid environment variable names.",
        }));
    }

    [Test]
    public async Task Services_are_there_in_both_forms_and_last()
    {
        var made = await ListAsync("'env':[{'name':'MY_DB_PORT','value':'own'}]", withLinks: true);
        Assert.That(made.Select(pair => $"{pair.Key}={pair.Value}"), Is.EqualTo(new[]
        {
            "MY_DB_PORT=own",
            "KUBERNETES_PORT=tcp://10.0.0.1:443",
            "KUBERNETES_PORT_443_TCP=tcp://10.0.0.1:443",
            "KUBERNETES_PORT_443_TCP_ADDR=10.0.0.1",
            "KUBERNETES_PORT_443_TCP_PORT=443",
            "KUBERNETES_PORT_443_TCP_PROTO=tcp",
            "KUBERNETES_SERVICE_HOST=10.0.0.1",
            "KUBERNETES_SERVICE_PORT=443",
            "KUBERNETES_SERVICE_PORT_HTTPS=443",
            "MY_DB_PORT_53_UDP=udp://10.0.0.7:53",
            "MY_DB_PORT_53_UDP_ADDR=10.0.0.7",
            "MY_DB_PORT_53_UDP_PORT=53",
            "MY_DB_PORT_53_UDP_PROTO=udp",
            "MY_DB_PORT_80_TCP=tcp://10.0.0.7:80",
            "MY_DB_PORT_80_TCP_ADDR=10.0.0.7",
            "MY_DB_PORT_80_TCP_PORT=80",
            "MY_DB_PORT_80_TCP_PROTO=tcp",
            "MY_DB_SERVICE_HOST=10.0.0.7",
            "MY_DB_SERVICE_PORT=80",
            "MY_DB_SERVICE_PORT_DNS_UDP=53",
            "MY_DB_SERVICE_PORT_HTTP=80",
        }));
    }

    [Test]
    public async Task Without_links_only_the_clusters_own_service_is_there()
    {
        var names = (await ListAsync("", withLinks: false)).Select(pair => pair.Key);
        Assert.That(names, Is.Not.Empty.And.All.StartsWith("KUBERNETES_"));
    }

    [Test]
    public void Addresses_of_six_stand_in_brackets_in_links() => Assert.That(
        ServiceVariables.Of(
            new FakeObjects().AddService("ns", "a", "{'clusterIP':'fd00::1','ports':[{'port':1}]}").Services,
            "ns",
            withLinks: true)["A_PORT"],
        Is.EqualTo("tcp://[fd00::1]:1"));

    private async Task<string> MakeAsync(string fields, bool withLinks) => string.Join(' ', (await ListAsync(fields, withLinks))
        .Where(pair => !pair.Key.StartsWith("KUBERNETES_", StringComparison.Ordinal))
        .Select(pair => $"{pair.Key}={pair.Value}"));

    private async Task<IReadOnlyList<KeyValuePair<string, string>>> ListAsync(string fields, bool withLinks)
    {
        // Field paths have single quotes of their own: in double quotes they stay.
        var container = "'name':'c','image':'i','resources':{'requests':{'cpu':'100m','memory':'105000000'}}"
            + (fields.Length == 0 ? "" : "," + fields);
        var pod = ReadPod(container, withLinks);
        var environment = new ContainerEnvironment(_objects, () => _node, (_, reason, message) => _warnings.Add($"{reason}: {message}"));
        return (await environment.MakeAsync(Given.Plan(pod, null, "10.1.0.4", "fd00::4"), CancellationToken.None)).ToList();
    }

    private static PodManifest ReadPod(string container, bool withLinks)
    {
        var marked = string.Join('"', container.Split('"').Select((part, i) => i % 2 == 1 ? part.Replace('\'', '^') : part));
        var pod = Given.Pod(
            $"{{'enableServiceLinks':{(withLinks ? "true" : "false")},'containers':[{{{marked}}}]}}",
            "'labels':{'app':'shop'},'annotations':{'a/b':'note'}");
        foreach (var variable in pod.Spec.Containers[0].Env)
        {
            if (variable.ValueFrom?.FieldRef is { } field)
            {
                field.FieldPath = field.FieldPath.Replace('^', '\'');
            }
        }

        return pod;
    }
}
