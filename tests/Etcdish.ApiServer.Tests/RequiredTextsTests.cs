using System.Text;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Tests;

/// <summary>The search for bytes that comes before objects are read for a selector.</summary>
public sealed class RequiredTextsTests
{
    [TestCase("app=web", "", "app", "web", ExpectedResult = true)]
    [TestCase("app=web", "", "app", "webs", ExpectedResult = false)]
    [TestCase("app=web", "", "app2", "web", ExpectedResult = false)]
    [TestCase("app in (web,db)", "", "app", "other", ExpectedResult = true, Description = "one of several values: it is read")]
    [TestCase("app=", "", "app", "", ExpectedResult = true)]
    [TestCase("!app", "", "other", "x", ExpectedResult = true)]
    [TestCase("app!=web", "", "other", "x", ExpectedResult = true)]
    [TestCase("app.kubernetes.io/name=web", "", "app.kubernetes.io/name", "web", ExpectedResult = true)]
    [TestCase("", "spec.nodeName=n1", "a", "n1", ExpectedResult = true, Description = "it stands elsewhere: it is read")]
    [TestCase("", "spec.nodeName=n1", "a", "n12", ExpectedResult = false)]
    [TestCase("", "spec.unschedulable=false", "a", "b", ExpectedResult = true, Description = "that is what it is where it is missing")]
    [TestCase("", "metadata.name=a+b", "a", "b", ExpectedResult = true, Description = "writers may have another form for it")]
    public bool An_object_is_ruled_out_only_by_what_must_stand_in_it(string labels, string fields, string key, string value)
    {
        var stored = new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [key] = value } } }.ToJsonString();
        return new RequiredTexts(LabelSelector.Parse(labels), FieldSelector.Parse(fields)).AreIn(Encoding.UTF8.GetBytes(stored));
    }
}
