using Etcdish.ApiServer.Storage;

namespace Etcdish.ApiServer.Tests;

/// <summary>Which etcd may be asked for progress.</summary>
public class EtcdStoreWatchTests
{
    [TestCase("3.4.23", false)]
    [TestCase("3.4.25", true)]
    [TestCase("3.5.7", false)]
    [TestCase("3.5.8", true)]
    [TestCase("3.6.0", true)]
    [TestCase("3.7.0-alpha.1", true)]
    [TestCase("unknown", false)]
    public void Only_versions_that_answer_in_order_are_asked(string version, bool isAsked) =>
        Assert.That(EtcdStoreWatch.AnswersInOrder(version), Is.EqualTo(isAsked));
}
