using Etcdish.Kubelet.Containers;
using Etcdish.Kubelet.Pods;
using Etcdish.Kubelet.Runtime;

namespace Etcdish.Kubelet.Tests.Containers;

public sealed class ContainerSecurityTests
{
    private const string Where = "(pod: \"web_ns(u1)\", container: c)";

    [TestCase("{}", "{}", null, null, "")]
    [TestCase("{'runAsUser':1,'runAsGroup':2}", "{}", 1L, 2L, "")]
    [TestCase("{'runAsUser':1,'runAsGroup':2}", "{'runAsUser':3,'runAsGroup':4}", 3L, 4L, "")]
    [TestCase("{'fsGroup':7,'supplementalGroups':[8,9]}", "{}", null, null, "7 8 9")]
    [TestCase("{'supplementalGroups':[8]}", "{}", null, null, "8")]
    [TestCase("{}", "{'runAsGroup':4}", 1000L, 4L, "")]
    public void Who_a_container_runs_as_is_its_own_or_its_pods(string pod, string container, long? uid, long? gid, string groups)
    {
        var user = UserOf(pod, container, Given.Image(1000));
        Assert.That((user.Uid, user.Gid, string.Join(' ', user.SupplementalGroups)), Is.EqualTo((uid, gid, groups)));
    }

    [TestCase("{'runAsNonRoot':true}", "{}", 0L, "", "container has runAsNonRoot and image will run as root " + Where)]
    [TestCase("{'runAsNonRoot':true}", "{'runAsUser':0}", 5L, "", "container's runAsUser breaks non-root policy " + Where)]
    [TestCase(
        "{}",
        "{'runAsNonRoot':true}",
        null,
        "nginx",
        "container has runAsNonRoot and image has non-numeric user (nginx), cannot verify user is non-root " + Where)]
    public void Root_is_refused_where_it_must_not_be(string pod, string container, long? uid, string name, string message) => Assert.That(
        () => UserOf(pod, container, Given.Image(uid, name)),
        Throws.TypeOf<ContainerConfigException>().With.Message.EqualTo(message)
            .And.Property("Reason").EqualTo("CreateContainerConfigError"));

    [TestCase("{'runAsNonRoot':true}", "{'runAsNonRoot':false}", 0L, "")]
    [TestCase("{'runAsNonRoot':true}", "{'runAsUser':7}", 0L, "")]
    [TestCase("{'runAsNonRoot':true,'runAsUser':7}", "{}", null, "root")]
    [TestCase("{'runAsNonRoot':true}", "{}", 7L, "")]
    public void Others_are_not_refused(string pod, string container, long? uid, string name) =>
        Assert.That(() => UserOf(pod, container, Given.Image(uid, name)), Throws.Nothing);

    [TestCase("{}", "{}", null, "")]
    [TestCase("{'seccompProfile':{'type':'RuntimeDefault'}}", "{}", "RuntimeDefault", "")]
    [TestCase("{'seccompProfile':{'type':'RuntimeDefault'}}", "{'seccompProfile':{'type':'Unconfined'}}", "Unconfined", "")]
    [TestCase("{'seccompProfile':{'type':'RuntimeDefault'}}", "{'privileged':true}", null, "")]
    [TestCase("{'seccompProfile':{'type':'Localhost','localhostProfile':'a/b.json'}}", "{}", "Localhost", "/k/seccomp/a/b.json")]
    public void Profiles_of_seccomp_are_files_of_the_kubelet(string pod, string container, string? type, string path)
    {
        var made = SeccompOf(pod, container);
        Assert.That((made?.Type, made?.LocalhostProfile ?? ""), Is.EqualTo((type, path)));
    }

    [TestCase("../x")]
    [TestCase("a/../../x")]
    [TestCase("/etc/passwd")]
    [TestCase("")]
    public void Profiles_that_are_elsewhere_are_refused(string path) => Assert.That(
        () => SeccompOf($"{{'seccompProfile':{{'type':'Localhost','localhostProfile':'{path}'}}}}", "{}"),
        Throws.TypeOf<ContainerConfigException>());

    [TestCase("runtime/default", "RuntimeDefault", "")]
    [TestCase("unconfined", "Unconfined", "")]
    [TestCase("localhost/mine", "Localhost", "mine")]
    public void AppArmor_may_still_be_an_annotation(string value, string type, string name)
    {
        var pod = Given.PodOf("", $"'annotations':{{'container.apparmor.security.beta.kubernetes.io/c':'{value}'}}");
        var profile = ContainerSecurity.Merge(pod, pod.Spec.Containers[0]).AppArmorProfile!;
        Assert.That((profile.Type, profile.LocalhostProfile), Is.EqualTo((type, name)));
    }

    private static Kinds.PodManifest Pod(string pod, string container) =>
        Given.Pod($"{{'securityContext':{pod},'containers':[{{'name':'c','image':'i','securityContext':{container}}}]}}");

    private static UserSettings UserOf(string podContext, string containerContext, ImageState image)
    {
        var pod = Pod(podContext, containerContext);
        var container = pod.Spec.Containers[0];
        return ContainerSecurity.UserOf(pod, container, ContainerSecurity.Merge(pod, container), image);
    }

    private static Kinds.ProfileManifest? SeccompOf(string podContext, string containerContext)
    {
        var pod = Pod(podContext, containerContext);
        return new ContainerSecurity(new PodFolders("/k", "/l", "/m")).SeccompOf(ContainerSecurity.Merge(pod, pod.Spec.Containers[0]));
    }
}
