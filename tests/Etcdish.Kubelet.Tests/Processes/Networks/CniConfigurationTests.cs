using Etcdish.Kubelet.Processes.Networks;
using Etcdish.Kubelet.Runtime;
using Etcdish.Testing;

namespace Etcdish.Kubelet.Tests.Processes.Networks;

public sealed class CniConfigurationTests
{
    [Test]
    public void The_first_by_name_counts_and_may_be_one_plugin()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("20-b.conflist"), """{"cniVersion":"1.0.0","name":"b","plugins":[{"type":"x"},{"type":"y"}]}""");
        File.WriteAllText(folder.File("10-a.conf"), """{"cniVersion":"0.3.1","name":"a","type":"x"}""");
        File.WriteAllText(folder.File("05-notes.txt"), "no configuration");
        var first = CniConfiguration.Find(folder.FullPath);
        File.Delete(folder.File("10-a.conf"));
        var second = CniConfiguration.Find(folder.FullPath);

        Assert.That((first.Name, first.Plugins.Count, first.CanCheck), Is.EqualTo(("a", 1, false)));
        Assert.That((second.Name, second.Plugins.Count, second.CanCheck), Is.EqualTo(("b", 2, true)));
    }

    [TestCase("""{"cniVersion":"1.0.0","plugins":[{"type":"x"}]}""", "it has no name")]
    [TestCase("""{"name":"a","plugins":[{"type":"x"}]}""", "cniVersion is \"\"")]
    [TestCase("""{"cniVersion":"0.2.0","name":"a","type":"x"}""", "cniVersion is \"0.2.0\"")]
    [TestCase("""{"cniVersion":"1.0.0","name":"a","plugins":[]}""", "it has no plugins")]
    [TestCase("""{"cniVersion":"1.0.0","name":"a","plugins":[{"type":"../x"}]}""", "with a slash")]
    [TestCase("""{"cniVersion":"1.0.0","name":"a","plugins":[7]}""", "JsonObject")]
    [TestCase("[]", "no JSON object")]
    [TestCase("{", "JSON")]
    public void What_is_none_is_refused_with_the_reason(string text, string reason)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("10-a.conflist"), text);
        Assert.That(
            () => CniConfiguration.Find(folder.FullPath),
            Throws.TypeOf<RuntimeException>().With.Message.StartsWith($"network configuration {folder.File("10-a.conflist")}: ")
                .And.Message.Contains(reason));
    }

    [Test]
    public void Plugins_that_say_so_are_not_asked_for_checks() => Assert.That(
        CniConfiguration.Parse("""{"cniVersion":"1.0.0","name":"a","disableCheck":true,"plugins":[{"type":"x"}]}""").CanCheck, Is.False);
}
