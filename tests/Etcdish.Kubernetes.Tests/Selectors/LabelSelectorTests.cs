using System.Text.Json.Nodes;

namespace Etcdish.Kubernetes.Tests;

public sealed class LabelSelectorTests
{
    [TestCase("", "")]
    [TestCase("a", "a")]
    [TestCase("!a", "!a")]
    [TestCase("a=b", "a=b")]
    [TestCase(" a == b ", "a=b")]
    [TestCase("a!=b", "a!=b")]
    [TestCase("a=", "a=")]
    [TestCase("a=,b", "a=,b")]
    [TestCase("b in (y, x),a", "a,b in (x,y)")]
    [TestCase("x in ()", "x=")]
    [TestCase("x in (,a)", "x in (,a)")]
    [TestCase("x notin (a,,b,)", "x notin (,a,b)")]
    [TestCase("in in (in,notin)", "in in (in,notin)")]
    [TestCase("a>1,b<2", "a>1,b<2")]
    [TestCase("example.com/a=b", "example.com/a=b")]
    public void A_selector_is_read_and_written(string text, string canonical) =>
        Assert.That(LabelSelector.Parse(text).ToString(), Is.EqualTo(canonical));

    [TestCase(",", "found ',', expected: !, identifier, or 'end of string'")]
    [TestCase("a,", "found '', expected: identifier after ','")]
    [TestCase("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [TestCase("a=b c", "found 'c', expected: ',' or 'end of string'")]
    [TestCase("!a=b", "unable to parse requirement: found '=', expected: in, notin, =, ==, !=, gt, lt")]
    [TestCase("!", "unable to parse requirement: found '', expected: identifier")]
    [TestCase("a in b", "unable to parse requirement: found 'b' expected: '('")]
    [TestCase("a in (b", "unable to parse requirement: found '', expected: ',' or ')'")]
    [TestCase("a=(", "unable to parse requirement: found '(', expected: identifier")]
    [TestCase("a>x", "the value must be an integer")]
    [TestCase("-a=b", "name part must consist of alphanumeric characters")]
    [TestCase("a=b@c", "a valid label must be an empty string or consist of alphanumeric characters")]
    [TestCase("a/b/c", "a qualified name must consist of")]
    public void What_is_no_selector_is_refused_in_kubernetes_words(string text, string words) =>
        Assert.That(() => LabelSelector.Parse(text), Throws.TypeOf<SelectorException>().With.Message.Contains(words));

    [TestCase("", true)]
    [TestCase("app", true)]
    [TestCase("!app", false)]
    [TestCase("!other", true)]
    [TestCase("app=web", true)]
    [TestCase("app!=web", false)]
    [TestCase("other!=web", true)]
    [TestCase("app in (db,web)", true)]
    [TestCase("app notin (db)", true)]
    [TestCase("other in (web)", false)]
    [TestCase("other notin (web)", true)]
    [TestCase("n>4,n<6", true)]
    [TestCase("n>5", false)]
    [TestCase("app>5", false)]
    [TestCase("other<5", false)]
    [TestCase("app=web,n=6", false)]
    [TestCase("empty=", true)]
    public void A_selector_matches_labels(string text, bool expected)
    {
        var labels = new Dictionary<string, string> { ["app"] = "web", ["n"] = "5", ["empty"] = "" };
        var node = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));

        Assert.That(LabelSelector.Parse(text).Matches(labels), Is.EqualTo(expected));
        Assert.That(LabelSelector.Parse(text).Matches(node), Is.EqualTo(expected));
    }

    [Test]
    public void None_selects_nothing_and_an_empty_one_everything()
    {
        var labels = new JsonObject { ["a"] = "b" };

        Assert.Multiple(() =>
        {
            Assert.That(LabelSelector.FromObject(null).Matches(labels), Is.False);
            Assert.That(LabelSelector.FromObject([]).Matches(labels), Is.True);
            Assert.That(LabelSelector.FromObject([]).Matches((JsonObject?)null), Is.True);
            Assert.That(LabelSelector.FromLabels([KeyValuePair.Create("a", "b")]).Matches(labels), Is.True);
        });
    }

    [Test]
    public void An_object_is_read()
    {
        var selector = JsonNode.Parse("""
            {"matchLabels":{"b":"1"},"matchExpressions":[{"key":"a","operator":"NotIn","values":["x","y"]},
             {"key":"c","operator":"Exists"},{"key":"d","operator":"DoesNotExist"},{"key":"e","operator":"In","values":["z"]}]}
            """)!.AsObject();

        Assert.That(LabelSelector.FromObject(selector).ToString(), Is.EqualTo("a notin (x,y),b=1,c,!d,e=z"));
    }

    [TestCase("""{"matchExpressions":[{"key":"a","operator":"Near"}]}""", "\"Near\" is not a valid label selector operator")]
    [TestCase("""{"matchExpressions":[{"key":"a","operator":"In"}]}""", "values set can't be empty")]
    [TestCase("""{"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]}""", "values set must be empty")]
    [TestCase("""{"matchLabels":{"a":1}}""", "malformed")]
    [TestCase("""{"matchLabels":{"a":null}}""", "malformed")]
    [TestCase("""{"matchExpressions":{}}""", "malformed")]
    public void A_wrong_object_is_refused(string json, string words) =>
        Assert.That(
            () => LabelSelector.FromObject(JsonNode.Parse(json)!.AsObject()),
            Throws.TypeOf<SelectorException>().With.Message.Contains(words));

    [Test]
    public void A_huge_selector_is_read_and_matched_in_reasonable_time()
    {
        var values = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $"v{i}"));
        var selector = LabelSelector.Parse($"a in ({values})");

        Assert.That(selector.Matches(new Dictionary<string, string> { ["a"] = "v99999" }), Is.True);
        Assert.That(selector.Matches(new Dictionary<string, string> { ["a"] = "w" }), Is.False);
    }
}
